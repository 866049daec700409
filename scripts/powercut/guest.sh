#!/bin/sh
# Cuts the power of file systems that this machine's kernel does not have, in a virtual
# machine with Debian's kernel: powercut runs there as its only program.
# Needs qemu-system-x86, busybox-static, cpio, linux-image-amd64, and mkfs of each file system.
#
#   guest.sh vfat,exfat,f2fs -for 10m
set -eu
cd "$(dirname "$0")/../.."
list=$1
shift
out=${TMPDIR:-/tmp}/histlog-powercut
kernel=$(ls /boot/vmlinuz-* | tail -n 1)
root=$(mktemp -d)
trap 'rm -rf "$root" "$root.gz" "$root.log"' EXIT
mkdir -p "$root/bin" "$root/dev" "$root/proc" "$root/sys" "$root/tmp" "$root/modules" "$root/share" "$out"
cp bin/powercut bin/histlog /bin/busybox "$root/bin"

copy_program() {
  for file in $1 $(ldd "$1" | grep -o '/[^ )]*'); do
    mkdir -p "$root/$(dirname "$file")"
    cp -L "$file" "$root/$file"
  done
}
for fs in $(echo "$list" | tr , ' '); do
  for tool in "mkfs.$fs" "fsck.$fs"; do
    copy_program "$(command -v "$tool")"
  done
done

# The modules, each after those that it depends on.
for module in loop fuse virtio_pci 9pnet_virtio 9p nls_cp437 nls_iso8859-1 nls_ascii nls_utf8 crc32_generic crc32c_generic $(echo "$list" | tr , ' '); do
  modprobe --set-version "${kernel#*vmlinuz-}" --show-depends "$module" | awk '$1 == "insmod" { print $2 }'
done | awk '!seen[$0]++' > "$root/modules/list"
while read -r module; do
  cp "$module" "$root/modules"
done < "$root/modules/list"

cat > "$root/init" << EOF
#!/bin/busybox sh
export PATH=/usr/sbin:/sbin:/usr/bin:/bin
/bin/busybox mount -t proc proc /proc
/bin/busybox --install -s /bin
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
while read -r module; do insmod /modules/\${module##*/}; done < /modules/list
powercut -histlog /bin/histlog -out $out -fs $list $*
echo "powercut ended with \$?"
mount -t 9p -o trans=virtio out /share && cp -r $out/*/kept* /share 2>/dev/null
poweroff -f
EOF
ln -s busybox "$root/bin/sh"
chmod +x "$root/init"
(cd "$root" && find . | cpio --quiet -o -H newc | gzip -1) > "$root.gz"
qemu-system-x86_64 -accel "${ACCEL:-tcg}" -m 3G -smp 2 -nodefaults -display none -serial stdio -no-reboot \
  -kernel "$kernel" -initrd "$root.gz" -append 'console=ttyS0 quiet loglevel=1 panic=-1 rdinit=/init' \
  -virtfs "local,path=$out,mount_tag=out,security_model=none" < /dev/null | tee "$root.log"
grep -q '^powercut ended with 0' "$root.log"
