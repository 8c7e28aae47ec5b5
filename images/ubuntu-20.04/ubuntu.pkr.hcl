# Ubuntu's live-server installer → a qcow2, without a key pressed. `hvlab image build` runs this template; so can you:
#
#   wget https://releases.ubuntu.com/20.04.6/ubuntu-20.04.6-live-server-amd64.iso
#   xorriso -osirrox on -indev ubuntu-20.04.6-live-server-amd64.iso -extract /casper/vmlinuz vmlinuz -extract /casper/initrd initrd
#   touch meta-data && xorriso -as mkisofs -V cidata -J -r -o seed.iso user-data meta-data
#   packer plugins install github.com/hashicorp/qemu      # not with Packer 1.6, which has the builder inside
#   packer build ubuntu.pkr.hcl
#
# By hand you get the installed system as the installer leaves it. What hvlab adds: it verifies the ISO, watches the
# installer (Packer calls a failed installation, a panic and a killed QEMU a success), cleans the system up, checks it.
#
# The kernel is booted directly: typing into a boot menu over VNC is slow and loses keys. Written for the HCL of
# Packer 1.6.6 (Debian 12, Ubuntu 22.04) and for current Packer alike.

# A file: QEMU reads it where it is.
variable "iso_url" {
  type    = string
  default = "ubuntu-20.04.6-live-server-amd64.iso"
}

# hvlab has verified the ISO already and says "none".
variable "iso_checksum" {
  type    = string
  default = "sha256:b8f31413336b9393ad5d8ef0282717b2ab19f007df2e9ed5196c13d8f9153c8b"
}

# The installer's kernel and initrd, out of the ISO.
variable "kernel" {
  type    = string
  default = "vmlinuz"
}
variable "initrd" {
  type    = string
  default = "initrd"
}

# `autoinstall`: no question is asked. `console=` goes into the installed GRUB, too, as does all that follows `---`.
variable "kernel_arguments" {
  type    = string
  default = "autoinstall ds=nocloud console=ttyS0,115200n8 fsck.mode=skip panic=-1 ---"
}

# A volume labelled cidata with user-data and meta-data.
variable "seed" {
  type    = string
  default = "seed.iso"
}

# Where Packer puts the disk. The folder must not exist.
variable "output_directory" {
  type    = string
  default = "output"
}
variable "disk_name" {
  type    = string
  default = "disk.qcow2"
}
variable "disk_size" {
  type    = string
  default = "10G"
}

# MiB. The installer runs from memory: less than 2048 ends in a panic or in "Out of memory".
variable "memory" {
  type    = number
  default = 3072
}
variable "cpus" {
  type    = number
  default = 2
}

# kvm, or tcg with cpu_model max: every instruction emulated, ten times slower.
variable "accelerator" {
  type    = string
  default = "kvm"
}
variable "cpu_model" {
  type    = string
  default = "host"
}

# QEMU's own BIOS. For an image with an EFI system partition: /usr/share/ovmf/OVMF.fd (package ovmf).
variable "firmware" {
  type    = string
  default = "bios-256k.bin"
}

# What the installer says, and what QEMU says about how it ended. Relative names: a socket's path has at most 107 bytes.
variable "serial_log" {
  type    = string
  default = "serial.log"
}
# Its console, for you: socat -,raw,echo=0 UNIX-CONNECT:serial.sock
variable "serial_socket" {
  type    = string
  default = "serial.sock"
}
variable "qmp_socket" {
  type    = string
  default = "qmp.sock"
}
variable "pid_file" {
  type    = string
  default = "qemu.pid"
}

# A port into which the installation sends its own logs, as a .tar.gz.
variable "logs_file" {
  type    = string
  default = "installer-logs.tar.gz"
}

# Without a boot menu, a communicator and VNC, Packer only waits for QEMU to end. hvlab ends it when something is wrong;
# by hand this is the deadline.
variable "shutdown_timeout" {
  type    = string
  default = "15h"
}

# Packer's own `qemu-img convert`: hvlab writes a smaller image faster, in parallel.
variable "skip_compaction" {
  type    = bool
  default = false
}

source "qemu" "ubuntu" {
  iso_url      = var.iso_url
  iso_checksum = var.iso_checksum

  accelerator      = var.accelerator
  machine_type     = "pc"
  cpus             = var.cpus
  memory           = var.memory
  net_device       = "virtio-net-pci"
  headless         = true
  disable_vnc      = true
  communicator     = "none"
  boot_wait        = "1ms"
  shutdown_timeout = var.shutdown_timeout

  output_directory = var.output_directory
  vm_name          = var.disk_name
  format           = "qcow2"
  disk_size        = var.disk_size
  skip_compaction  = var.skip_compaction

  # A key that stands here replaces all that Packer itself would give for it; so every drive and device is named.
  qemuargs = [
    ["-cpu", var.cpu_model],
    ["-bios", var.firmware],
    ["-kernel", var.kernel],
    ["-initrd", var.initrd],
    ["-append", var.kernel_arguments],

    # Nothing of a build that is interrupted is kept, so nothing has to be flushed; freed blocks leave the file.
    ["-drive", "file=${var.output_directory}/${var.disk_name},if=none,id=target,format=qcow2,cache=unsafe,discard=unmap,detect-zeroes=unmap"],
    ["-device", "virtio-blk-pci,drive=target,serial=ROOTDISK"],
    ["-drive", "file=${var.iso_url},if=none,id=iso,format=raw,media=cdrom,readonly=on"],
    ["-device", "ide-cd,drive=iso"],
    ["-drive", "file=${var.seed},if=none,id=seed,format=raw,readonly=on"],
    ["-device", "virtio-blk-pci,drive=seed"],

    ["-netdev", "user,id=user.0"],
    ["-device", "virtio-net-pci,netdev=user.0"],
    ["-device", "virtio-rng-pci"],
    ["-device", "pvpanic"],

    ["-chardev", "socket,id=console,path=${var.serial_socket},server=on,wait=off,logfile=${var.serial_log}"],
    ["-serial", "chardev:console"],
    ["-device", "virtio-serial-pci"],
    ["-chardev", "file,id=logs,path=${var.logs_file}"],
    ["-device", "virtserialport,chardev=logs,name=hvlab.logs"],

    ["-qmp", "unix:${var.qmp_socket},server=on,wait=off"],
    ["-pidfile", var.pid_file],
    ["-display", "none"],
    ["-vga", "none"],
    ["-vnc", "none"],
    ["-no-reboot"],
    ["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"],
  ]
}

build {
  sources = ["source.qemu.ubuntu"]
}
