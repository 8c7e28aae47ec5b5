#!/bin/sh
# The last step of the build: $1 is the file system. Machine id, host keys and logs are cleared by the builder.
set -eu
root=$1
ln -sf /run/resolv.conf "$root/etc/resolv.conf"
ln -sf multi-user.target "$root/lib/systemd/system/default.target"
# Where the folder is there, though empty, pam_motd starts sh, env and run-parts at every login: 0.1 s of an emulated CPU.
rm -rf "$root/etc/update-motd.d" "$root/etc/motd"

# An initrd with virtio drivers only (ext4 is built into the cloud kernel); the kernel is given to QEMU directly.
version=$(ls "$root/lib/modules")
chroot "$root" mktirfs -o /boot/hvlab.initrd "$version"
# mktirfs packs when and as which inode it copied each file; packed again without, it is the same in every build.
chroot "$root" sh -euc 'd=$(mktemp -d); cd "$d"; gzip -dc /boot/hvlab.initrd | cpio -i --quiet
find . -exec touch -h -d @0 {} +
find . ! -name . -print0 | sort -z | cpio --null -o --quiet --reproducible -R 0:0 -H newc | gzip -9n >/boot/hvlab.initrd
rm -r "$d"'
rm -f "$root"/boot/initrd.img-* "$root/vmlinuz" "$root/vmlinuz.old" "$root/initrd.img" "$root/initrd.img.old"
