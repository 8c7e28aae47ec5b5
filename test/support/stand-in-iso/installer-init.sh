#!/bin/busybox sh
# The stand-in for Ubuntu's live-server installer: the same kernel arguments, cidata seed, console lines, webhook events,
# late-commands that really run, power-off. It installs a small system that boots.
#
# Kernel argument `standin=SWITCH`:
#   fail@STEP   the step fails (partitioning, extract, curthooks, packages)
#   hang@STEP   the step never ends, silently
#   panic       the kernel panics while the system is unpacked
#   oom         a process takes all memory, really
#   no-space    a file system without room, really
#   mirror      apt cannot resolve its mirror
#   poweroff    the machine powers off in the middle
#   slow@N      every step takes N seconds longer, in which nothing is computed
/bin/busybox mkdir -p /proc /sys /dev /run /tmp /usr/bin /usr/sbin /sbin /root /var/log/installer /cdrom /seed /target
/bin/busybox --install -s 2>/dev/null
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
. /common.sh
switch=$(argument standin)
modules
ip link set lo up
mkdir -p /dev/virtio-ports
for port in /sys/class/virtio-ports/*; do
  [ -s "$port/name" ] && ln -sf "/dev/${port##*/}" "/dev/virtio-ports/$(cat "$port/name")"
done

n=0
while [ ! -b /dev/sr0 ] && [ $n -lt 30 ]; do n=$((n+1)); sleep 0.1; done
if ! mount -o ro -t iso9660 /dev/sr0 /cdrom 2>/dev/null || [ ! -f /cdrom/.disk/info ]; then
  say 'Unable to find a medium containing a live file system'
  forever
fi
seed=$(labelled)
if [ -n "$seed" ]; then mount -o ro -t iso9660 "$seed" /seed; fi
if [ ! -f /seed/user-data ] || [ ! -f /seed/meta-data ]; then
  printf '\033[2J\033[1;1H\033[1mWillkommen! Bienvenue! Welcome! Welkom!\033[0m\r\n Use UP, DOWN and ENTER keys to select your language.\r\n' >/dev/console
  forever
fi
case " $(cat /proc/cmdline) " in
  *' autoinstall '*) ;;
  *) printf 'Confirmation is required to continue.\r\nContinue with autoinstall? (yes|no) ' >/dev/console; forever;;
esac
ip link set eth0 up 2>/dev/null && udhcpc -i eth0 -n -q -t 4 -T 1 -s /udhcpc.sh >/dev/null 2>&1

# The autoinstall data as files: late-commands/0, storage/layout/name …
A=/run/autoinstall
mkdir -p $A
leaf() { file="/run/$1"; [ -d "${file%/*}" ] || mkdir -p "${file%/*}"; printf '%s' "$2" >"$file"; }
if ! awk -f /flatten.awk /seed/user-data >/run/leaves 2>/run/leaves.error; then say "$(cat /run/leaves.error)"; forever; fi
. /run/leaves
of() { cat "$A/$1" 2>/dev/null; }
numbers() { ls "$A/$1" 2>/dev/null | sort -n; }
cp /seed/user-data /var/log/installer/autoinstall-user-data

endpoints=
for reporter in "$A"/reporting/*; do
  [ "$(cat "$reporter/type" 2>/dev/null)" = webhook ] && endpoints="$endpoints $(cat "$reporter/endpoint")"
done
escaped() { text=${1//\\/\\\\}; text=${text//\"/\\\"}; printf '%s' "$text" | tr '\n\t' '  '; }
post() {
  for endpoint in $endpoints; do
    # Not -T: the static wget of Debian 12 then crashes.
    timeout 5 wget -q -O /dev/null --header 'Content-Type: application/json' --post-data "$1" "$endpoint" 2>/dev/null
  done
}
start() {
  say "start: $1: $2"
  post "{\"name\": \"$1\", \"description\": \"$(escaped "$2")\", \"event_type\": \"start\", \"origin\": \"curtin\"}"
  case $switch in slow@*) sleep "${switch#slow@}";; "hang@$3") [ -n "$3" ] && forever;; esac
}
finish() {
  say "finish: $1: $2: $3"
  post "{\"name\": \"$1\", \"description\": \"$(escaped "$3")\", \"event_type\": \"finish\", \"origin\": \"curtin\", \"result\": \"$2\"}"
  return 0
}
# Runs the commands of a list as the installer does: a text by a shell, a list as it is. $3: failures end the list.
# Not by busybox's shell: that would run its own tar, whatever there is in the path.
commands() {
  start "subiquity/$1/run" ''
  for number in $(numbers "$2"); do
    if [ -d "$A/$2/$number" ]; then
      words=
      for word in $(numbers "$2/$number"); do set -- "$@" "$(cat "$A/$2/$number/$word")"; words="$words $(cat "$A/$2/$number/$word")"; done
      text=${words# }
    else
      text=$(of "$2/$number"); set -- "$1" "$2" "$3" dash -c "$text"
    fi
    list=$1 key=$2 check=$3; shift 3
    start "subiquity/$list/run/command_$number" "$text"
    echo "--- $text" >>/var/log/installer/subiquity-server-debug.log
    TARGET_MOUNT_POINT=/target "$@" </dev/null >>/var/log/installer/subiquity-server-debug.log 2>&1
    code=$?
    set -- "$list" "$key" "$check"
    if [ $code -ne 0 ] && [ "$check" = check ]; then
      failure="Command '$text' returned non-zero exit status $code."
      finish "subiquity/$list/run/command_$number" FAIL "$failure"
      finish "subiquity/$list/run" FAIL "$failure"
      return 1
    fi
    finish "subiquity/$list/run/command_$number" SUCCESS "$text"
  done
  finish "subiquity/$1/run" SUCCESS ''
}
gave_up() {
  say 'generating crash report'
  commands Error error-commands ignore
  say 'An error occurred. Press enter to start a shell'
  forever
}
install=subiquity/Install/install
curtin=$install/curtin_install/run_curtin_step/cmd-install
# A step of curtin: event, the function of its name, event. $1 stage, $2 description.
step() {
  start "$curtin/stage-$1" "$2" "$1"
  log=/var/log/installer/curtin-install.log
  if [ "$switch" = "fail@$1" ]; then echo "$1: failed as it was told to" >>$log; false; else "do_$1" >>$log 2>&1; fi
  code=$?
  if [ $code -ne 0 ]; then
    message=$(tail -n 1 $log)
    finish "$curtin/stage-$1" FAIL "$message"
    finish "$install/curtin_install" FAIL "$message"
    finish "$install" FAIL "$message"
    gave_up
  fi
  finish "$curtin/stage-$1" SUCCESS "$2"
}
do_partitioning() {
  layout=$(of storage/layout/name)
  if [ "$layout" != direct ]; then echo "the stand-in has no layout ${layout:-lvm}, which is the default"; return 1; fi
  printf 'label: gpt\nstart=2048, size=2048, type=21686148-6449-6E6F-744E-656564454649\ntype=0FC63DAF-8483-4772-8E79-3D69D8477DE4\n' | /usr/bin/sfdisk -q --no-reread /dev/vda || return 1
  partprobe /dev/vda 2>/dev/null
  n=0; while [ ! -b /dev/vda2 ] && [ $n -lt 50 ]; do n=$((n+1)); sleep 0.1; done
  /usr/bin/mke2fs -q -F -t ext4 /dev/vda2 && mount /dev/vda2 /target
}
do_extract() {
  case $switch in
    panic) echo c >/proc/sysrq-trigger;;
    oom) tail /dev/zero;;
    no-space) mkdir /run/small; mount -t tmpfs -o size=1M small /run/small; dd if=/dev/zero of=/run/small/file bs=64k || return 1;;
    poweroff) sync; poweroff -f;;
  esac
  tar -xf /cdrom/casper/system.tar -C /target || return 1
  cat /proc/sys/kernel/random/uuid | tr -d - >/target/etc/machine-id
  hostname=$(of identity/hostname); echo "${hostname:-ubuntu}" >/target/etc/hostname
  # What the installer leaves for cloud-init, and an image must not keep.
  echo 'datasource_list: [None]' >/target/etc/cloud/cloud.cfg.d/99-installer.cfg
  echo 'network: {config: disabled}' >/target/etc/cloud/cloud.cfg.d/subiquity-disable-cloudinit-networking.cfg
  echo 'network: {version: 2}' >/target/etc/netplan/00-installer-config.yaml
  truncate -s 64K /target/swap.img
  printf '/dev/vda2 / ext4 defaults 0 1\n/swap.img\tnone\tswap\tsw\t0\t0\n' >/target/etc/fstab
}
do_curthooks() {
  version=$(uname -r); mkdir -p "/target/lib/modules/$version"
  cp /cdrom/casper/vmlinuz "/target/boot/vmlinuz-$version" && ln -s "vmlinuz-$version" /target/boot/vmlinuz &&
    mv /target/boot/initrd.img "/target/boot/initrd.img-$version" && ln -s "initrd.img-$version" /target/boot/initrd.img &&
    package "linux-image-$version"
}
package() { printf 'Package: %s\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0-standin\n\n' "$1" >>/target/var/lib/dpkg/status; }

say "Starting Subiquity server revision stand-in of snap $(cat /cdrom/.disk/info)"
start subiquity/Early/load_autoinstall_data ''; finish subiquity/Early/load_autoinstall_data SUCCESS ''
start subiquity/Meta/apply_autoinstall_config ''; finish subiquity/Meta/apply_autoinstall_config SUCCESS ''
commands Early early-commands check || gave_up
start "$install" ''
start "$install/configure_apt" 'configuring apt'; finish "$install/configure_apt" SUCCESS 'configuring apt'
start "$install/curtin_install" 'installing system'
step partitioning 'configuring storage'
step extract 'writing install sources to disk'
step curthooks 'configuring installed system'
finish "$install/curtin_install" SUCCESS 'installing system'
start "$install/postinstall" 'final system configuration'
for number in $(numbers packages); do
  name=$(of "packages/$number")
  start "$install/postinstall/install_$name" "installing $name" packages
  if [ "$switch" = mirror ] || [ "$switch" = fail@packages ]; then
    if [ "$switch" = mirror ]; then say "E: Failed to fetch http://archive.ubuntu.com/ubuntu/pool/$name.deb  Temporary failure resolving 'archive.ubuntu.com'"; fi
    for path in "$install/postinstall/install_$name" "$install/postinstall" "$install"; do
      finish "$path" FAIL "Command '['apt-get', 'install', '$name']' returned non-zero exit status 100."
    done
    gave_up
  fi
  package "$name"
  finish "$install/postinstall/install_$name" SUCCESS "installing $name"
done
finish "$install/postinstall" SUCCESS 'final system configuration'
finish "$install" SUCCESS ''
commands Late late-commands check || gave_up
start subiquity/Shutdown/copy_logs_to_target ''
mkdir -p /target/var/log/installer; cp -a /var/log/installer/. /target/var/log/installer/
finish subiquity/Shutdown/copy_logs_to_target SUCCESS ''
start subiquity/Shutdown/shutdown "mode=$([ "$(of shutdown)" = poweroff ] && echo POWEROFF || echo REBOOT)"
grep ' /target' /proc/mounts | awk '{print $2}' | sort -r | while read -r folder; do umount "$folder"; done
sync
if [ "$(of shutdown)" = poweroff ]; then poweroff -f; else reboot -f; fi
