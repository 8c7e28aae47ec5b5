#!/bin/busybox sh
# The installed system: finds its seed as cloud-init's NoCloud does, takes the hostname, says so on the console.
mount -t devtmpfs dev /dev; mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t tmpfs run /run
. /usr/lib/stand-in/common.sh
mount -o remount,rw /
[ -s /etc/machine-id ] || tr -d - </proc/sys/kernel/random/uuid >/etc/machine-id
mkdir -p /run/seed
seed=$(labelled)
if [ -n "$seed" ] && mount -o ro -t iso9660 "$seed" /run/seed; then
  name=$(sed -n 's/^.*"\{0,1\}local-hostname"\{0,1\}: *"\{0,1\}\([A-Za-z0-9.-]*\).*$/\1/p' /run/seed/meta-data | head -n 1)
  echo "$name" >/etc/hostname; hostname "$name"
  say "stand-in: hostname $name, packages $(sed -n 's/^Package: //p' /var/lib/dpkg/status | tr '\n' ' ')"
else
  say 'stand-in: no seed'
fi
case " $(cat /proc/cmdline) " in *' standin=poweroff '*) sync; mount -o remount,ro /; poweroff -f;; esac
forever
