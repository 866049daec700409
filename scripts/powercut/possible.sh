#!/bin/sh
# Says why the power of file systems cannot be cut on this machine, and then fails.
[ "$(uname)" = Linux ] || { echo 'it needs Linux'; exit 1; }
[ "$(id -u)" = 0 ] || { echo 'it needs root'; exit 1; }
for file in /dev/fuse /dev/loop-control; do
  [ -c $file ] || { echo "there is no $file"; exit 1; }
done
for tool in unshare mkfs.ext4 mkfs.xfs mkfs.btrfs; do
  command -v $tool >/dev/null || { echo "there is no $tool"; exit 1; }
done
for fs in ext4 xfs btrfs; do
  grep -qw $fs /proc/filesystems || modprobe $fs 2>/dev/null || { echo "this kernel has no $fs"; exit 1; }
done
unshare --mount true 2>/dev/null || { echo 'it may not mount file systems here'; exit 1; }
