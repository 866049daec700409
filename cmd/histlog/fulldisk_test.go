//go:build linux

package main

import (
	"os/exec"
	"testing"
)

// TestFullDisk fills small disks: a tmpfs of few bytes or few inodes, in a mount
// namespace of its own, and a limit on the size of files.
func TestFullDisk(t *testing.T) {
	const many = `i=0; while [ $i -lt 400 ]; do i=$((i+1)); echo "{\"n\":$i,\"pad\":\"$(printf %01000d 0)\"}"; done`
	// 20 values that do not compress, in a log of three segments, and a disk without room beside it.
	const threeSegments = `
			i=0; while [ $i -lt 20 ]; do i=$((i+1)); echo "{\"n\":$i,\"pad\":\"$(head -c 45000 /dev/urandom | base64 -w0)\"}"; done >values
			histlog append --create --allow-empty $log </dev/null
			histlog config $log maintain=manual segment-size=500K >/dev/null
			histlog append $log <values >acks
			dd if=/dev/zero of=disk/ballast bs=1k status=none 2>/dev/null || :
			whole() { histlog verify $log >/dev/null; histlog cat $log | cmp - values; [ -z "$(ls -A $log | grep tmp)" ]; }`
	for _, row := range []struct{ name, mount, script string }{
		{"append", "size=256k", `
			dd if=/dev/zero of=disk/ballast bs=1k count=100 status=none
			echo 0 | histlog append --create disk/log >acks
			set +e; (` + many + `) | histlog append disk/log >>acks 2>messages; code=$?; set -e
			[ $code = 5 ] || { echo exit $code; cat messages; exit 1; }
			grep -q 'no space left on device' messages; grep -q '^hint: free some disk space' messages
			histlog verify disk/log >/dev/null
			[ "$(histlog cat disk/log | wc -l)" = "$(wc -l <acks)" ]
			histlog tail -n 1 disk/log >/dev/null
			rm disk/ballast
			[ "$(echo 1 | histlog append disk/log)" = $(($(wc -l <acks) + 1)) ]
			histlog verify disk/log >/dev/null`},
		{"append without inodes", "size=4m,nr_inodes=12", `
			echo 0 | histlog append --create disk/log --segment-size 2K >acks
			set +e; (` + many + `) | histlog append disk/log >>acks 2>messages; code=$?; set -e
			[ $code = 5 ] || { echo exit $code; cat messages; exit 1; }
			histlog verify disk/log >/dev/null
			[ "$(histlog cat disk/log | wc -l)" = "$(wc -l <acks)" ]
			rm -f disk/log/LOCK disk/log/events.log*
			[ "$(echo 1 | histlog append disk/log)" = $(($(wc -l <acks) + 1)) ]
			histlog verify disk/log >/dev/null`},
		{"limit on file size", "size=4m", `
			echo 0 | histlog append --create disk/log >acks
			set +e; (` + many + `) | (ulimit -f 100; histlog append disk/log) >>acks 2>messages; code=$?; set -e
			[ $code = 5 ] || { echo exit $code; cat messages; exit 1; }
			grep -q 'file too large' messages
			histlog verify disk/log >/dev/null
			[ "$(histlog cat disk/log | wc -l)" = "$(wc -l <acks)" ]
			[ "$(echo 1 | histlog append disk/log)" = $(($(wc -l <acks) + 1)) ]`},
		{"migrate", "size=256k", `
			(echo '['; (` + many + `) | paste -sd, ; echo ']') >old.json
			before=$(cksum <old.json)
			set +e; histlog migrate old.json disk/log 2>messages; code=$?; set -e
			[ $code = 5 ] || { echo exit $code; cat messages; exit 1; }
			[ ! -e disk/log ]; [ "$before" = "$(cksum <old.json)" ]`},
		{"compact", "size=2m", `log=disk/log` + threeSegments + `
			for codec in zstd gzip; do
				set +e; histlog compact --older-than 0s --codec $codec $log 2>messages; code=$?; set -e
				[ $code = 5 ] || { echo exit $code; cat messages; exit 1; }
				grep -q '^histlog: compact: compress .*: no space left on device' messages; grep -q '^hint: free some disk space' messages
				whole; [ -z "$(ls $log | grep 'zst\|gz')" ]
			done
			rm disk/ballast
			histlog compact --older-than 0s $log >/dev/null
			whole; [ "$(ls $log | grep -c zst)" = 2 ]`},
		{"compact without inodes", "size=4m,nr_inodes=16", `log=disk/log` + threeSegments + `
			rm disk/ballast; i=0; while touch disk/b$i 2>/dev/null; do i=$((i+1)); done
			set +e; histlog compact --older-than 0s $log 2>messages; code=$?; set -e
			[ $code = 5 ] || { echo exit $code; cat messages; exit 1; }
			whole; [ -z "$(ls $log | grep zst)" ]
			rm disk/b0
			histlog compact --older-than 0s $log >/dev/null
			whole; [ "$(ls $log | grep -c zst)" = 2 ]`},
		{"prune", "size=2m", `log=disk/log` + threeSegments + `
			rm disk/ballast
			histlog verify $log >/dev/null
			dd if=/dev/zero of=disk/ballast bs=1k status=none 2>/dev/null || :
			! echo 0 >disk/more
			histlog prune --max-records 1 --yes $log >/dev/null
			[ "$(ls $log | grep -c ndjson)" = 1 ]
			head -n 2 values | histlog append $log >/dev/null
			histlog verify $log >/dev/null`},
		{"restamp", "size=2m", `log=disk/log
			i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo "{\"timestamp\":\"2025-05-28T16:14:22\",\"n\":$i}"; done >values
			histlog append --create --time-zone UTC --sync none $log <values >acks
			histlog config $log maintain=manual >/dev/null
			correct() { set +e; histlog config $log time-zone=Asia/Tokyo --restamp >/dev/null 2>messages; code=$?; set -e; }
			noroom() {
				[ $code = 5 ] || { echo exit $code; cat messages; exit 1; }
				grep -q '^histlog: config --restamp: .*: no space left on device' messages; grep -q '^hint: free some disk space' messages
				histlog verify $log >/dev/null; histlog cat $log | cmp - values; [ -z "$(ls -A $log | grep tmp)" ]
				[ -z "$(histlog cat --until 2025-05-28T16:14:21Z $log)" ]; }
			cp $log/HISTLOG before
			dd if=/dev/zero of=disk/ballast bs=1k status=none 2>/dev/null || :
			correct; noroom; cmp $log/HISTLOG before # to seal the segment takes more than there is
			truncate -s -32K disk/ballast
			correct; noroom; grep -q '"restamp"' $log/HISTLOG # but its index takes less than the new one
			grep -q '^histlog: the settings are changed, but not yet all times; to go on: histlog config disk/log --restamp$' messages
			rm disk/ballast
			histlog config $log --restamp | grep -q '^3,000 records read again: 3,000 times changed$'
			! grep restamp $log/HISTLOG; histlog verify $log >/dev/null
			[ "$(histlog cat --until 2025-05-28T16:14:21Z $log | wc -l)" = 3000 ]`},
		{"archive", "size=2m", `log=log` + threeSegments + `
			set +e; histlog prune --max-records 1 --yes --archive-to disk/old $log 2>messages; code=$?; set -e
			[ $code = 5 ] || { echo exit $code; cat messages; exit 1; }
			grep -q 'no space left on device' messages
			whole; [ ! -e disk/old ]
			histlog config --yes $log maintain=auto max-records=1 archive-to=disk/old >/dev/null
			head -n 9 values >more; cat more >>values
			histlog append $log <more >/dev/null 2>messages
			until grep -q '"maintenance failed".*no space left on device' $log/events.log; do :; done
			whole; [ ! -e disk/old ]
			rm disk/ballast
			histlog prune $log >/dev/null
			(histlog cat disk/old; histlog cat $log) | cmp - values`},
		{"the same writer goes on", "size=256k", `
			dd if=/dev/zero of=disk/ballast bs=1k count=100 status=none
			echo 0 | histlog append --create disk/log >acks
			mkfifo room; filler disk/log <room >said & exec 3>room
			until [ -s said ]; do :; done
			grep '^no room:' said
			histlog verify disk/log >/dev/null
			rm disk/ballast; echo >&3; wait $!
			grep '^went on' said
			histlog verify disk/log >/dev/null`},
		{"the same writer goes on in a next segment", "size=4m,nr_inodes=12", `
			echo 0 | histlog append --create disk/log --segment-size 10K >acks
			touch disk/ballast1 disk/ballast2
			mkfifo room; filler disk/log <room >said & exec 3>room
			until [ -s said ]; do :; done
			grep '^no room:' said
			rm disk/ballast1 disk/ballast2; echo >&3; wait $!
			grep '^went on' said
			histlog verify disk/log >/dev/null`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			needNamespaces(t)
			script := "set -e; mkdir disk; mount -t tmpfs -o " + row.mount + " none disk\n" + row.script
			c := exec.Command("unshare", "-Urm", "sh", "-c", script)
			c.Dir = t.TempDir()
			if out, err := c.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// needNamespaces skips a test where a user may not mount in a namespace of its own.
func needNamespaces(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("unshare"); err != nil {
		t.Skip("skipped: unshare is missing; install the package util-linux")
	}
	c := exec.Command("unshare", "-Urm", "mount", "-t", "tmpfs", "none", ".")
	c.Dir = t.TempDir()
	if out, err := c.CombinedOutput(); err != nil {
		t.Skipf("skipped: no user namespaces here (sysctl kernel.unprivileged_userns_clone?): %v %s", err, out)
	}
}
