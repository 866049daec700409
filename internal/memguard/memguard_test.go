package memguard

import (
	"os"
	"path/filepath"
	"testing"
)

func TestMemory(t *testing.T) {
	f := Memory()
	if f.Total == 0 || f.Available == 0 || f.Available > f.Total {
		t.Errorf("%+v", f)
	}
	if rss := PeakRSS(); rss < 1<<20 {
		t.Errorf("peak RSS %d", rss)
	}
}

func TestCgroup(t *testing.T) {
	for _, c := range []struct {
		name, self  string
		files       map[string]string
		limit, used uint64
	}{
		{"version 2", "0::/a/b\n", map[string]string{"a/b/memory.max": "max\n", "a/memory.max": "1000000\n", "a/memory.current": "400\n"}, 1000000, 400},
		{"the least", "0::/a/b\n", map[string]string{"a/b/memory.max": "500\n", "a/b/memory.current": "7", "a/memory.max": "1000\n"}, 500, 7},
		{"version 1", "4:cpu,memory:/x\n", map[string]string{"memory/x/memory.limit_in_bytes": "2048\n", "memory/x/memory.usage_in_bytes": "12\n"}, 2048, 12},
		{"version 1 without", "4:memory:/x\n", map[string]string{"memory/x/memory.limit_in_bytes": "9223372036854771712\n"}, 0, 0},
		{"less idle files", "0::/a\n", map[string]string{"a/memory.max": "1000\n", "a/memory.current": "900\n", "a/memory.stat": "anon 100\nactive_file 100\ninactive_file 700\n"}, 1000, 200},
		{"version 1, less idle files", "4:memory:/x\n", map[string]string{"memory/x/memory.limit_in_bytes": "2048\n", "memory/x/memory.usage_in_bytes": "12\n", "memory/x/memory.stat": "inactive_file 1\ntotal_inactive_file 5\n"}, 2048, 7},
		{"none", "0::/\n", nil, 0, 0},
	} {
		root := t.TempDir()
		self := filepath.Join(root, "self")
		write(t, self, c.self)
		for name, text := range c.files {
			write(t, filepath.Join(root, "fs", name), text)
		}
		limit, used := cgroup(filepath.Join(root, "fs"), self)
		if limit != c.limit || used != c.used {
			t.Errorf("%s: %d, %d; want %d, %d", c.name, limit, used, c.limit, c.used)
		}
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
