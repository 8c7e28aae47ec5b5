#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr add "$ip/${mask:-24}" dev "$interface"
ip route add default via "$router" dev "$interface"
for address in $dns; do echo "nameserver $address"; done >/etc/resolv.conf
