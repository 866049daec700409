package migrate

import "bytes"

// magicBytes is how many bytes of a source show its format.
const magicBytes = 8

// A packing is a format of compressed sources that is not read.
type packing struct {
	magic   string // first bytes
	format  string
	command string // see PackedError
	ending  string // that TrimEnding removes; "" means none
}

var unsupported = []packing{
	{"]\x00\x00", "lzma", "xz -dc", ".lzma"},
	{"\x04\x22\x4d\x18", "lz4", "lz4 -dc", ".lz4"},
	{"\x02\x21\x4c\x18", "lz4", "lz4 -dc", ".lz4"},
	{"LZIP", "lzip", "lzip -dc", ""},
	{"7z\xbc\xaf\x27\x1c", "7-Zip", "7z x -so", ""},
	{"\x1f\x9d", "compress", "gzip -dc", ""},
	{"\xff\x06\x00\x00sNaP", "snappy", "snzip -dc", ""},
	{"\x89LZO", "lzop", "lzop -dc", ""},
}

// brotli has no magic: only the name of a file shows it.
var brotli = packing{format: "brotli", command: "brotli -dc", ending: ".br"}

// packedWith returns a *PackedError if a source that begins with head is compressed in a
// format that is not read, else nil.
func packedWith(head []byte) error {
	for _, p := range unsupported {
		if bytes.HasPrefix(head, []byte(p.magic)) {
			return p.refuse()
		}
	}
	return nil
}

func (p packing) refuse() error { return &PackedError{p.format, p.command} }
