// Package segment is everything about a log's bytes on disk: the format, the
// writer, recovery, and reading one segment. This comment is the format's
// specification; version 1.
//
// # Terminology
//
// A record is one JSON value on one line. Its sequence is its number in the
// log, from 1, without gaps. A log is a directory of segments; a segment is a file
// of records, named after its first sequence. The newest segment is active:
// it alone is written. Every other is sealed: once a successor's name exists, the
// old segment is never written again. An offset counts bytes from the start
// of a segment's text. An index stands beside each segment. The durable mark is
// the last record that was synced before its index entry was written. A torn
// tail is what follows the last whole record. Quarantine is where recovery
// puts bytes that it takes out of a segment.
//
// # A directory
//
//	HISTLOG                        marker and settings; without it a directory is no log
//	LOCK                           who holds the writer's lock: for messages, and see below
//	UPKEEP                         locked, and HISTLOG with it, by whoever replaces HISTLOG, compresses,
//	                               retires, repairs or removes temporaries; what it holds is for messages only
//	00000000000000000001.ndjson    a segment: 20 digits, the sequence of its first record
//	00000000000000000001.index     its index
//	00000000000000000601.ndjson.zst  a sealed segment, compressed; or .ndjson.gz
//	00000000000000000601.index.zst its index, in the small form; or .index
//	00000000000000000748.ndjson    the active segment: the one with the highest number
//	00000000000000000748.index
//	origin/                        what migrate kept of its source, and SHA256SUMS, the
//	                               checksums of these files as sha256sum -c reads them
//	quarantine/                    bytes set aside: BASE-OFFSET-LENGTH-CRC32C; base 0 is
//	                               the source of a migration
//	events.log                     histlog's diary, and events.log.lock, its writer's turn
//	.HISTLOG.draft                 while the log is being made: no log yet
//	.waiting                       locked by the first of the writers that wait for the lock
//
// The writer's lock is a flock on the directory itself, which can't be
// unlinked. A writer that opens the log writes a random token, its process and its
// machine into LOCK, always 2048 bytes, before it reads anything, and clears it before it
// gives up the lock. Each commit looks whether the token is still its own, under
// sync none as often as at name and size: it is not if another writer came by
// a path whose locks do not meet this one's, and then nothing is acknowledged. A
// writer that finds a living process of its own boot and process namespace in LOCK
// has not got the lock, unless LOCK is a copy: it was changed after it was written.
// All else in LOCK keeps nobody from writing.
//
// Files of other names are nobody's business; a name that begins with a dot is
// temporary. A file with a log's name that is not a regular file (a
// symbolic link, a FIFO, a device) is refused and never opened for its content.
//
// A file with a segment's name is not part of the log if its text is the one that
// the index of another log describes, or of another segment; or if it has no index
// and does not follow the last record before it; or if its number is above 2^63-1.
// Readers do not show it, check and Verify report it, a writer refuses to append
// behind it, and Repair moves it to quarantine/, its index last.
//
// New files get the directory's owner and its mode without the execute bits,
// whatever the umask.
//
// # A segment
//
//	record LF record LF record LF ...
//
// A record is compact JSON in UTF-8: the tokens as they came, no white space
// between them. A record is never split, at most 1 GiB, and nested at most
// 10,000 deep; NaN, Infinity and -Infinity are accepted where a setting let
// them in. A line of spaces keeps the place of a record that was lost and
// repaired. Sealed segments are never empty. A segment rolls when the next record
// would take it past segment-size, or when it has reached segment-age; a larger
// record gets a segment of its own.
//
// # An index
//
// All numbers are little-endian. CRC is CRC-32C (Castagnoli).
//
//	 0       8    10     12     14  16      20     24        40    48       56      60    64
//	+-------+----+------+------+---+-------+------+---------+-----+--------+-------+-----+
//	| magic | 1  |  64  |  32  | 0 |   0   | rule | log id  |base |created | flags | CRC |  header
//	+-------+----+------+------+---+-------+------+---------+-----+--------+-------+-----+
//	 magic    "histlogI"; then version, header size, entry size, incompatible features
//	 rule     u32: index of the time rule in HISTLOG that holds for the first record, for
//	          who has lost HISTLOG; histlog itself goes by HISTLOG
//	 base     u64: sequence of the first record
//	 created  i64: when the segment was begun, Unix nanoseconds
//	 flags    u32: 1 = lazy: records were written together, or under sync none;
//	          2 = damaged: to be sealed as it is, see Recovery
//	 CRC      of bytes 0 to 59
//
//	 0        8       16        20      24    28    32
//	+--------+-------+---------+-------+-----+-----+
//	| end    | time  | arrived | flags | CRC | CRC |  one entry a record; that of record
//	+--------+-------+---------+-------+-----+-----+  base+k stands at 64 + 32 k
//	 end      u64: offset of the byte behind the record's LF
//	 time     i64: the record's own time, Unix nanoseconds
//	 arrived  u32: when it was appended, Unix seconds
//	 flags    u32: 1 durable through here, 2 time is the clock's, 4 rebuilt, 8 lost,
//	          16 all entries before this one were synced
//	 CRC      of the record with its LF
//	 CRC      of log id, the record's sequence (u64), and bytes 0 to 27 of the entry
//
//	 0       8       16      24      32      40      44      48       56  60    64
//	+-------+-------+-------+-------+-------+-------+-------+--------+---+-----+
//	| magic | count | plain | least | great | least | great | digest | 0 | CRC |  trailer, of a
//	|       |       | bytes | time  | time  | arr.  | arr.  |        |   |     |  sealed segment
//	+-------+-------+-------+-------+-------+-------+-------+--------+---+-----+
//	 magic    "histlogT"
//	 digest   u64: CRC-64 (ECMA) of the records' CRCs, in their order
//	 CRC      of log id, base (u64), and bytes 0 to 59
//
// The segment is the truth about what the records are; the index about what
// the segment can't say: checksums and arrival. So an entry is written before
// its record is acknowledged, and synced at seal, at close and at most 1 s
// behind. An index that is lost, torn, or of another log is made anew from the
// segment; such entries are flagged rebuilt, for their checksums prove nothing.
//
// # A small index
//
// The index of a compressed segment may be stored as BASE.index.zst instead. It
// presents the same bytes, of which any block of 4096 entries is decompressed by
// itself. It is a series of zstd frames: zstd -t reads it.
//
//	skippable frame   magic 0x184D2A50 u32, length 72 u32, "histlogS", the header (64 bytes)
//	zstd frame        for each block of 4096 entries, the last may have fewer:
//	                  where the record before it ends  uvarint
//	                  end        of each, less the one before           uvarint
//	                  time       of each, less the one before           varint (zigzag)
//	                  arrived    of each, less the one before           varint
//	                  flags      of each                                uvarint
//	                  CRC        of each record, which no zstd makes smaller  u32
//	skippable frame   magic u32, length u32,
//	                  for each block: length of its frame u32, CRC u32
//	                  the trailer (64 bytes), 4096 u32, number of blocks u32,
//	                  CRC u32, "histlogB"
//
// The first time and the first arrival of a block are less 0. The CRC of a block is of
// log id, the sequence of its first record (u64), its frame, and bytes 0 to 27 of each
// of its entries; the entries' own CRCs are not stored. The last CRC is of log
// id, base (u64), and the frame that it is in, up to itself. A block that is damaged
// has no entries that prove themselves: they are made again from the text, and the
// trailer's digest proves them. Without its table the whole index is lost.
//
// The plain form is used if it ends with a trailer, otherwise the small one. Of the
// active segment only the plain form counts. A small index is made of indexes above
// 4096 bytes: a smaller one takes one block of the disk anyhow.
//
// HISTLOG requires "small-index" before the first small index has its name. A histlog
// that does not know it says [ErrVersion] and changes nothing, instead of taking
// the indexes for lost.
//
// # A compressed segment
//
// A sealed segment may be stored as zstd or gzip. Its plain text, and so its index
// and every offset, stay what they were. The text is cut into frames that
// begin and end with a record; a frame is decompressed by itself, so that damage
// costs one frame at most, and reading a record at most one frame's time. Frames
// are decompressed as streams: a reader holds a window, whatever a file says.
// No more comes out of a file than its index tells of; what is more is damage.
//
//	frame frame ... checksum table
//
// In zstd a frame is a zstd frame with a window of 8 MiB; the checksum is a
// skippable frame (magic 0x184D2A50) that holds "histlogC" and the CRC (u32) of the
// whole file but for these four bytes; and the table is the seek table of the
// zstd seekable format, without checksums, with an entry for the skippable
// frame too. Any zstd reads the file.
//
// In gzip a frame is a member, and checksum and table are the extra field of a last
// member without content: "HL", length u16, a pair of compressed and plain
// length for each member (u32, u32), the CRC of the file but for these four bytes
// (u32), the number of pairs (u32), "histlogG". Any gzip reads the file.
//
// Where the table is missing (another program compressed the segment) or does not
// agree with the index, the file is read as one frame. Every reader reads such a
// segment, but it counts as damaged, for Verify and for QuickCheck, and is neither
// retired nor archived: only the table says how long the file must be, so nobody
// can tell a good file from a truncated one without reading all of it. [Repair]
// makes a plain segment of it, which loses no record. A plain file beside the
// compressed one is what a killed compaction left: it counts, unless it is not
// as long as the index says and the compressed one is. Of the newest segment
// the plain one counts. Frames that look back further than 8 MiB, as other
// programs make them, are not read, and are no damage.
//
// Level and size of frames were chosen by measuring 264 MB of batches of 20 to 2,800 KB
// on one core: ratio, speed (plain MB/s of CPU time), and the time to decompress
// half a frame, which a random record takes:
//
//	                  1 MiB       8 MiB      16 MiB      32 MiB      64 MiB
//	zstd fastest   4.2   268   13.3   788   19.6  1044   25.7  1191   31.3  1212
//	zstd default   4.3   226   16.0   743   23.5   958   31.6  1092   40.2  1187
//	zstd better    4.6   143   17.5   289   26.3   315   36.7   495   48.6   533
//	half a frame     0.3 ms      0.7 ms      1.0 ms      1.6 ms      3.1 ms
//	zstd best      5.1    26
//	gzip -6        4.0   175                 4.0   178
//	half a frame     1.6 ms                 18.1 ms
//
// So it is zstd better with frames of 32 MiB. gzip gains nothing by larger members: 1 MiB.
//
// Smaller frames are no better bargain against flipped bits. A flip costs the
// records that repeat the bad bytes, or those behind it in its frame; but a log of
// smaller frames takes more bytes, each of which can flip. 60 flips at random in
// 787 batches, 299 MB of text:
//
//	frames of      compressed   records lost by a flip      mean loss x size
//	                            mean   median   greatest    (32 MiB: 1)
//	 4 MiB            34.8 MB    4.8        1        187         0.80
//	 8 MiB            17.1 MB   14.4        3        191         1.18
//	16 MiB            11.7 MB   25.7        7        197         1.44
//	32 MiB             7.3 MB   28.5       15        179         1
//
// # HISTLOG
//
// JSON for people to read, replaced with one rename under the lock of UPKEEP:
//
//	{"format": "histlog", "version": 1, "requires": [], "id": UUID, "role": "log",
//	 "created": RFC 3339, "first_seq": 1, "time_rules": [{"from_seq": 1, "field":
//	 "/timestamp", "zone": "UTC"}], "settings": {"segment-size": "64M", ...},
//	 "checksum": "5daff08b"}
//
// The checksum is the CRC-32C of the whole file with zeros for its eight digits.
// A HISTLOG without one, of an older histlog, is read and gets one when it is
// replaced. An older histlog ignores the member and writes it again unchanged:
// after it has changed a setting, [AcceptEdit] is needed. A HISTLOG whose checksum
// differs is damaged. Where no segment begins at first_seq, [Log.Conflict] says so:
// all segments are read, and none is removed or compressed.
//
// Unknown members survive. A newer version, or anything in requires but "small-index",
// is [ErrVersion]. Retention moves first_seq before it removes a segment: what is
// missing at or above it is damage, what is left below it is a leftover.
//
// The role of an archive is "archive": a log to which Archive moved segments of
// another. It has that one's id, for the index entries are bound to it. All of
// its segments are sealed, and nothing is appended to it.
//
// # Time
//
// A record's time is the value at its time field: RFC 3339 or ISO 8601, text
// like 05/30/2025 07:15:35 AM EDT, Unix time in s, ms, µs or ns, or the digits of a
// date such as 20250530; numbers only from 1990 to 2100. Without one it is the
// clock's, flagged. Order is by sequence: times may run backwards.
//
// # How bytes become durable
//
// Appending, with sync always: the segment's name leads to the open file and
// its size is what it was; one write of the record with its LF; fdatasync; name and
// size once more; the index entry; acknowledgement. With interval=D it is
// the same for all records of D together. With none the acknowledgement
// follows the write, index entries and the look at name and size follow in
// batches, and closing makes all of it durable. A failed fsync is never tried
// again: it poisons the Writer.
// A failed write is truncated away.
//
// Rolling: fsync the segment, end its index with a trailer, fsync the index;
// make the next index, then the next segment; fsync the directory.
//
// A draft (see [Draft]) is made in bulk and becomes a log when HISTLOG is renamed in,
// after everything else is durable: complete, or no log.
//
// # Recovery
//
// Opening for writing brings the active segment and its index into agreement;
// when there is nothing to do it reads a few hundred bytes:
//
//	found                                       done
//	entries past the last durable mark whose    dropped
//	bytes are missing or differ
//	whole records past the last entry           rewritten in place, fdatasynced, indexed (rebuilt)
//	torn tail                                   to the end of the file: copied to quarantine/, then cut off
//	a bad line with whole records after it      under sync always: damage, nothing is moved; the segment is
//	                                            sealed and a new one begun. If lazy: a torn tail
//	durable records gone (the file is shorter)  damage: sealed, and a new one begun
//	no index, or another log's                  all records of the segment are adopted as above
//
// Index entries up to the last anchor were synced; those behind it are looked
// at one by one and written again. A segment without any may have no durable name
// yet: the directory is synced before anything is acknowledged.
//
// Records are rewritten before they are indexed because after a failed fsync
// the page cache shows bytes that the disk does not hold.
//
// Where the index of a sealed segment is lost, its lines are numbered from both
// ends, for how many there must be is known; where a line end was destroyed or
// made, the places between share the bad bytes.
//
// # Repair
//
// [Repair] mends sealed segments, under the writer's lock and that of UPKEEP. A
// record that is not what was written is copied to quarantine/, durably. Then a new
// text, in which spaces before its LF fill the record's place, replaces the old one
// with one rename, and so does the index: the record's entry is flagged lost and has
// the checksum of the spaces. No sealed file is written to, for a snapshot may share it.
// A segment that is short, or gone, gets lines of one space for its records.
//
// A compressed segment becomes a plain one: its file is copied to quarantine/
// whole if a record of it is lost, the plain file gets its name, then the index
// says what is lost, then the compressed file goes.
//
// # Upkeep
//
// [Compress]: every line is compared with its index entry while it is compressed
// into a temporary; fsync; that is decompressed and compared again, with length,
// count and digest; rename; fsync the directory; unlink the plain file; fsync the
// directory. Then its index: the small one is written into a temporary; fsync; it is
// compared with the plain one, byte for byte; rename; fsync the directory; unlink the
// plain one; fsync the directory. A segment that was compressed before has this done
// alone. [Retire]: HISTLOG with another first_seq, durably; unlink; fsync the
// directory. [Archive]: copy text and index to the other directory, durably, and
// read the copy back; then as Retire. Each holds the lock of UPKEEP, first removes
// what a killed one left, and can be run again.
//
// # Snapshots
//
// [Snapshot] makes a copy of a log: a draft at another directory, under the lock of
// UPKEEP. The files of sealed segments get a second name there (a hard link), or are
// copied and read back. The active segment is copied up to its last index entry; if
// its writer was killed, what that one left is copied too and recovered in the copy.
// origin/ and quarantine/ are copied, for they hold bytes that are nowhere else, and
// people look at them with programs that may write. LOCK, UPKEEP and events.log
// tell of the log and not of its records: they are left out.
//
// The copy has the log's id, for the index entries are bound to it. If both go on,
// they are two logs with one id that differ from some sequence on; each refuses the
// archive of the other where they differ.
//
// So a sealed file and its index are never written to: what changes them (repair,
// compaction) replaces them with a rename. If the segments behind a sealed one are gone,
// so that it is the newest, the next writer first gives it files of its own.
//
// # Assumptions
//
// fsync and fdatasync make bytes survive a power cut; a write of at most 64
// aligned bytes is not torn; rename replaces atomically; flock works. These hold
// for local file systems on Linux.
package segment
