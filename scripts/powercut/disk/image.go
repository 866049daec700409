// Package disk simulates a disk with a volatile write cache, and what a power cut leaves of it.
package disk

import (
	"errors"
	"io"
	"maps"
	"os"
)

const pageSize = 4096

type page [pageSize]byte

// An Image is the content of a disk. Pages that are zero take no memory, and an image shares
// its pages with its clones.
type Image struct {
	Size  int64
	pages map[int64]*page // by page number; a page never changes, it is replaced
}

// NewImage returns an image of zeros. The size is a multiple of 4096.
func NewImage(size int64) *Image { return &Image{size, map[int64]*page{}} }

// Clone returns a copy.
func (m *Image) Clone() *Image { return &Image{m.Size, maps.Clone(m.pages)} }

// Read fills b with the bytes at off.
func (m *Image) Read(b []byte, off int64) {
	eachPage(b, off, func(part []byte, number, at int64) {
		if p := m.pages[number]; p != nil {
			copy(part, p[at:])
		} else {
			clear(part)
		}
	})
}

// Write replaces the bytes at off.
func (m *Image) Write(b []byte, off int64) {
	eachPage(b, off, func(part []byte, number, at int64) {
		var p page
		if old := m.pages[number]; old != nil {
			p = *old
		}
		copy(p[at:], part)
		if p == (page{}) {
			delete(m.pages, number)
		} else {
			m.pages[number] = &p
		}
	})
}

// eachPage calls do for each part of b that lies in one page, with the number of the page
// and the offset in it.
func eachPage(b []byte, off int64, do func(part []byte, number, at int64)) {
	for len(b) > 0 {
		at := off % pageSize
		n := min(int64(len(b)), pageSize-at)
		do(b[:n], off/pageSize, at)
		b, off = b[n:], off+n
	}
}

// Save writes the image to a sparse file.
func (m *Image) Save(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	err = f.Truncate(m.Size)
	for number, p := range m.pages {
		if err == nil {
			_, err = f.WriteAt(p[:], number*pageSize)
		}
	}
	return errors.Join(err, f.Close())
}

// Load reads an image from a file.
func Load(name string) (*Image, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, b := NewImage(0), make([]byte, 1<<20)
	for {
		n, err := io.ReadFull(f, b)
		m.Write(b[:n], m.Size)
		m.Size += int64(n)
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return m, nil
		}
		if err != nil {
			return nil, err
		}
	}
}
