#!/usr/bin/env bash
# Boot systemd in namespaces of its own, above a copy of this machine's files that is thrown away:
#
#   unshare --fork --kill-child --pid --mount-proc --mount --uts --ipc --cgroup boot.sh BASE [SOURCE=TARGET...]
#
# BASE is an empty folder. Each SOURCE, a folder of this machine, is seen read-only at TARGET. All that is written goes
# to memory, and nothing below /run, /tmp and /var/tmp is this machine's: systemd empties them.
set -euo pipefail
base=$1
shift
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$base"
mkdir "$base"/{upper,work,root}
root=$base/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" "$root"

mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root"/dev/{pts,shm}
mount -t devpts -o newinstance,mode=620,ptmxmode=666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t proc proc "$root/proc"
mount --bind -o ro "$root/proc/sys" "$root/proc/sys" # the kernel is this machine's
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
for folder in run tmp var/tmp; do
    mount -t tmpfs -o mode=1777 tmpfs "$root/$folder"
    [[ $(stat -f -c %T "$root/$folder") == tmpfs && -z $(ls -A "$root/$folder") ]]
done
chmod 755 "$root/run"
for shared in "$@"; do
    mkdir -p "$root${shared#*=}"
    mount --bind -o ro "${shared%%=*}" "$root${shared#*=}"
    [[ ! -w $root${shared#*=} ]] # it may lie in a folder that systemd empties
done

# What has no use here, or would change the kernel.
for unit in systemd-{sysctl,modules-load,remount-fs,update-utmp,timesyncd,tmpfiles-clean}.service systemd-journald-audit.socket \
    sys-{kernel-debug,kernel-tracing,kernel-config,fs-fuse-connections}.mount dev-{hugepages,mqueue}.mount {timers,swap}.target; do
    ln -sfn /dev/null "$root/etc/systemd/system/$unit"
done
mkdir "$root/run/before"
cd "$root"
pivot_root . run/before
umount --lazy --no-mtab /run/before
rmdir /run/before
[[ $(stat -f -c %T /) == overlayfs && $(stat -f -c %T /tmp) == tmpfs && $(stat -f -c %T /var/tmp) == tmpfs ]]
exec env --ignore-environment container=inglenook-test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /usr/lib/systemd/systemd --system --unit=basic.target --show-status=0 --log-target=journal
