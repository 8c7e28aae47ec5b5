#!/bin/busybox sh
# The initrd of the installed system: finds the root device and goes on there.
/bin/busybox mkdir -p /proc /sys /dev /root
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
. /common.sh
modules
root=$(argument root)
n=0; while [ ! -b "$root" ] && [ $n -lt 50 ]; do n=$((n+1)); sleep 0.1; done
mount -o ro "$root" /root || { say "stand-in: $root cannot be mounted"; forever; }
init=$(argument init)
# As every initrd does: the first process of the system finds its devices.
umount /proc /sys; mount -o move /dev /root/dev
exec switch_root /root "${init:-/sbin/init}" "$@"
