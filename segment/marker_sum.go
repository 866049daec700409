package segment

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"

	"github.com/histlog/histlog/internal/filename"
)

// sumName is the member of HISTLOG that holds the checksum of its text: eight
// hexadecimal digits, the CRC-32C of the whole file with zeros for these digits.
const sumName = "checksum"

const noSum = "00000000"

// appendSum ends the text of a marker, which lacks its closing brace, with the checksum.
func appendSum(b []byte) []byte {
	b = fmt.Appendf(b, ",\n  %q: \"", sumName)
	at := len(b)
	b = append(b, noSum+"\"\n}\n"...)
	//mutant:histlog-the-checksum-covers-its-own-digits
	copy(b[at:], sumText(b))
	return b
}

func sumText(b []byte) string { return fmt.Sprintf("%08x", crc32.Checksum(b, castagnoli)) }

// checkMarkerSum compares the text of a HISTLOG with its checksum. A text without a
// checksum passes: an older histlog wrote it. A flipped bit cannot pass in this way,
// because one bit cannot rename the checksum and change another member.
func checkMarkerSum(b []byte) error {
	var members map[string]json.RawMessage
	// A text that is not JSON is an error of decodeMarker, which says so.
	if json.Unmarshal(b, &members) != nil || members[sumName] == nil {
		return nil
	}
	differs := &CorruptError{Kind: KindMarkerDiffers, Path: filename.Marker, Reason: "its checksum differs: a bit flipped, or somebody edited it"}
	var sum string
	if json.Unmarshal(members[sumName], &sum) != nil || len(sum) != len(noSum) {
		return differs
	}
	at := bytes.LastIndex(b, []byte(`"`+sum+`"`))
	if at < 0 {
		return differs
	}
	zeroed := bytes.Clone(b)
	copy(zeroed[at+1:], noSum)
	if sumText(zeroed) != sum {
		return differs
	}
	return nil
}
