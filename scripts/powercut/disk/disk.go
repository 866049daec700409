package disk

import (
	"bytes"
	"sync"
)

// A Disk has a volatile cache: a power cut keeps what was flushed, and of the writes since
// the last flush an arbitrary part.
type Disk struct {
	// IgnoreFlush makes the disk lie: it reports a flush as done and keeps nothing.
	IgnoreFlush bool

	mu      sync.Mutex
	size    int64
	now     *Image  // what a reader sees
	durable *Image  // what was flushed
	cache   []write // since the last flush
	watch   func()  // called after each write and flush, with mu locked
}

type write struct {
	off  int64
	data []byte
}

// New returns a disk with this content, all of it durable.
func New(content *Image) *Disk {
	return &Disk{size: content.Size, now: content.Clone(), durable: content.Clone()}
}

// Watch has watch called after each write and each flush; no other one happens until it
// returns. watch may call Cut. nil ends the calls.
func (d *Disk) Watch(watch func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.watch = watch
}

// Size returns the size in bytes.
func (d *Disk) Size() int64 { return d.size }

// Read fills b with the bytes at off that were last written.
func (d *Disk) Read(b []byte, off int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now.Read(b, off)
}

// Write writes b to the cache.
func (d *Disk) Write(b []byte, off int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now.Write(b, off)
	d.cache = append(d.cache, write{off, bytes.Clone(b)})
	d.happened()
}

// Flush makes every write durable.
func (d *Disk) Flush() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.IgnoreFlush {
		for _, w := range d.cache {
			d.durable.Write(w.data, w.off)
		}
		d.cache = nil
	}
	d.happened()
}

func (d *Disk) happened() {
	if d.watch != nil {
		d.watch()
	}
}
