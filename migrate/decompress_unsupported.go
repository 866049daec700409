package migrate

import "bytes"

// magicBytes is how many bytes of a source show its format.
const magicBytes = 8

// packedWith returns a *PackedError if a source that begins with head is compressed in a
// format that is not read, else nil.
func packedWith(head []byte) error {
	for _, f := range []struct{ magic, format, command string }{
		{"\xfd7zXZ\x00", "xz", "xz -dc"},
		{"]\x00\x00", "lzma", "xz -dc"},
		{"BZh", "bzip2", "bzip2 -dc"},
		{"\x04\x22\x4d\x18", "lz4", "lz4 -dc"},
		{"\x02\x21\x4c\x18", "lz4", "lz4 -dc"},
		{"LZIP", "lzip", "lzip -dc"},
		{"PK\x03\x04", "zip", "unzip -p"},
		{"7z\xbc\xaf\x27\x1c", "7-Zip", "7z x -so"},
		{"\x1f\x9d", "compress", "gzip -dc"},
		{"\xff\x06\x00\x00sNaP", "snappy", "snzip -dc"},
		{"\x89LZO", "lzop", "lzop -dc"},
	} {
		if bytes.HasPrefix(head, []byte(f.magic)) {
			return &PackedError{f.format, f.command}
		}
	}
	return nil
}
