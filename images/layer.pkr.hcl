# Packages above an installed disk → a qcow2. `hvlab image build` runs this template for every image that names none of
# its own (`layer: template:`), when a base is there; so can you:
#
#   hvlab image export ubuntu-20.04-base base.qcow2      or any qcow2; its kernel and initrd beside it
#   printf "%s\n" "mount -o remount,rw /" … "mount -o remount,ro /" "echo o >/proc/sysrq-trigger" > layer.sh; truncate -s %512 layer.sh
#   packer plugins install github.com/hashicorp/qemu      # not with Packer 1.6, which has the builder inside
#   packer build layer.pkr.hcl
#
# The machine boots an overlay of the base. Its first process is a shell that reads the second disk, a script: so
# nothing else runs in it, and an image that was never booted stays one. What hvlab adds: it watches the script (Packer
# calls whatever happens in it a success), and checks the disk.
#
# Written for the HCL of Packer 1.6.6 (Debian 12, Ubuntu 22.04) and for current Packer alike.

# A qcow2; it is read only, the overlay takes what is written.
variable "base" {
  type    = string
  default = "base.qcow2"
}

# hvlab knows its own disk and says "none".
variable "iso_checksum" {
  type    = string
  default = "none"
}

# Of the system on the disk.
variable "kernel" {
  type    = string
  default = "vmlinuz"
}
variable "initrd" {
  type    = string
  default = "initrd"
}

# As a guest has it, and then the shell with the second disk as its script.
variable "kernel_arguments" {
  type    = string
  default = "root=/dev/vda2 ro console=ttyS0,115200 panic=-1 init=/bin/sh -- /dev/vdb"
}

# Whole sectors of 512 bytes.
variable "script" {
  type    = string
  default = "layer.sh"
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

# Not smaller than the base.
variable "disk_size" {
  type    = string
  default = "10G"
}

# MiB.
variable "memory" {
  type    = number
  default = 1024
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

# What the script says, and what QEMU says about how it ended. Relative names: a socket's path has at most 107 bytes.
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

# A port into which a script that fails sends the logs of apt and dpkg, as a .tar.gz.
variable "logs_file" {
  type    = string
  default = "layer-logs.tar.gz"
}

# Packer only waits for QEMU to end. hvlab ends it when something is wrong; by hand this is the deadline.
variable "shutdown_timeout" {
  type    = string
  default = "5h"
}

# An overlay cannot be compacted by Packer; hvlab makes it an image that stands by itself.
variable "skip_compaction" {
  type    = bool
  default = true
}

source "qemu" "layer" {
  iso_url          = var.base
  iso_checksum     = var.iso_checksum
  disk_image       = true
  use_backing_file = true

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

  # qemu-img asks for the format of a backing file since QEMU 6.1; Packer 1.6 does not say it.
  qemu_img_args {
    create = ["-F", "qcow2"]
  }

  # A key that stands here replaces all that Packer itself would give for it; so every drive and device is named.
  qemuargs = [
    ["-cpu", var.cpu_model],
    ["-kernel", var.kernel],
    ["-initrd", var.initrd],
    ["-append", var.kernel_arguments],

    # Nothing of a build that is interrupted is kept, so nothing has to be flushed; freed blocks leave the file.
    ["-drive", "file=${var.output_directory}/${var.disk_name},if=none,id=target,format=qcow2,cache=unsafe,discard=unmap,detect-zeroes=unmap"],
    ["-device", "virtio-blk-pci,drive=target"],
    ["-drive", "file=${var.script},if=none,id=script,format=raw,readonly=on"],
    ["-device", "virtio-blk-pci,drive=script"],

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
  sources = ["source.qemu.layer"]
}
