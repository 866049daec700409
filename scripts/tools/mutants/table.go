package main

// A mutant is a change of the code that a test must notice. A comment on a line of its
// own marks its place in the source: //mutant: and the name, in lower case, without
// apostrophes, and with a hyphen for each other run of characters that are neither
// letters nor digits. old begins on the line below the mark. So files can be renamed and
// code can move without a change of this table.
type mutant struct {
	name     string // what the changed code does wrong
	old, new string // text of the source, and its replacement
	test     string // folder and name of the test that noticed the mutant last; it is tried first. "" means unknown
}

// The table leaves out these steps, because without them no test can see a difference:
//   - the last sync of Compress and of Retire: files that a power cut brings back are removed by the next maintenance;
//   - in Repair of a compressed segment, the order of plain file, index and removal once the bytes are in quarantine/:
//     after a crash between any two of them the next Repair does the same again;
//   - the comparison of the decompressed text after a compression, beside the checksum of the file: the simulated disk
//     has no encoder that is wrong;
//   - the comparison of a small index with the plain one, for the same reason;
//   - the check that a snapshot does not copy into a file that is there: no name is copied twice;
//   - the syncs of Merge after it has removed the old indexes, and the old texts: files that a power cut brings back are
//     superseded, and an index alone is ignored;
//   - the checksum of a small index's table: each block that it describes, and the trailer, have checksums of their own;
//   - the comparison of a trailer with the sum of its entries: each entry has a checksum of its own;
//   - the check that the frames reach up to their table: the file's checksum covers that;
//   - the rule in the header of an index: nothing reads it, because HISTLOG has the rules;
//   - the sync of the durable mark when a log is closed under none: without the mark the next writer compares the records
//     with their checksums and writes the mark again;
//   - the sync of the index when a log is opened with many entries after the last anchor: it only limits how many entries
//     each opening writes again.
var mutants = []mutant{
	// Records.
	{"append: no fdatasync", "a.file.Datasync(); err != nil {\n\t\treturn w.poison(w.diskError(OpSync, a.path, err))", "error(nil); a == nil {\n\t\treturn err", "segment TestGroupCommit"},
	{"append: index entry before fdatasync", "if err := a.file.Datasync(); err != nil {\n\t\treturn w.poison(w.diskError(OpSync, a.path, err))\n\t}\n\tfor i := range w.pending {\n\t\tw.pending[i].Flags |= Durable\n\t}\n\treturn w.writeEntries()", "for i := range w.pending {\n\t\tw.pending[i].Flags |= Durable\n\t}\n\tif err := w.writeEntries(); err != nil {\n\t\treturn err\n\t}\n\tif err := a.file.Datasync(); err != nil {\n\t\treturn w.poison(w.diskError(OpSync, a.path, err))\n\t}\n\treturn nil", "segment TestForeignDuringCommit"},
	{"append: a failed sync does not poison", `return w.poison(w.diskError(OpSync, a.path, err))`, `return w.rollback(w.diskError(OpSync, a.path, err))`, "internal/survival TestFailedSyncPoisons"},
	{"append: the segment is not checked after the sync", "if err := w.checkIntact(); err != nil {\n\t\treturn err\n\t}\n\tif err := a.writeEntries", "if err := a.writeEntries", "segment TestForeignDuringCommit"},
	{"append: a failed write is not rolled back", `return w.rollback(w.diskError(OpAppend, a.path, err))`, `return w.diskError(OpAppend, a.path, err)`, "internal/survival TestInject/all/groups_of_many_sectors_none"},
	{"append: a failed group is acknowledged later", "w.batchErr = err // the next", "_ = err // the next", "internal/survival TestInject/all/groups_of_many_sectors_none"},
	{"append: a group does not set the lazy flag", "if w.policy.Sync.single() && len(w.pending) == 1 {", "if w.policy.Sync.single() {", "internal/survival TestCrash/groups_of_many_sectors_always"},
	{"append: a pair does not set the lazy flag", "len(w.pending) == 1 {", "len(w.pending) <= 2 {", "internal/survival TestCrash/a_pair_of_records_of_a_sector_each_always"},
	{"append: the lazy flag is not synced", "if err := a.index.Sync(); err != nil {", "if err := error(nil); err != nil {", "internal/survival TestCrash/groups_of_many_sectors_always"},
	{"close under none: no fdatasync", "if err := a.file.Datasync(); err != nil {\n\t\treturn w.poison(w.diskError(OpSync, a.path, err))\n\t}\n\treturn w.diskError", "return w.diskError", "internal/survival TestCrash/create_none"},
	{"index: a failed write of entries is not undone", "if e := a.truncateIndex(); e != nil {", "if e := error(nil); e != nil {", "internal/survival TestInject/all/create_always"},
	{"index: its truncation is not synced", "if err := a.index.Truncate(end); err != nil {\n\t\treturn err\n\t}\n\treturn a.index.Datasync()", "return a.index.Truncate(end)", "internal/survival TestCrash/append_over_rolls_none"},

	{"append: waiting callers are not told that the writer is poisoned", "\tw.answer(err)\n", "", "segment TestPoisonAnswersWaiting"},
	{"append: rolled-back records of other callers are acknowledged", "w.answer(cmp.Or(err, ErrRolledBack))", "w.answer(cmp.Or(err))", "segment TestRollbackAnswersOthers"},
	{"make: the header of a new index is not synced", "a.indexDirty = true // until", "a.indexDirty = false // until", "internal/survival TestCrash/append_over_rolls_none"},
	{"retire: by age although the clock has jumped", "g.Jump == 0 && !g.Restamp && (", "!g.Restamp && (", "compactor TestWrongClocks/the_clock_has_jumped"},
	{"retire: by age although the clock was never set", "now.Sub(at) > age && (set(at) || set(s.Arrived))", "now.Sub(at) > age", "compactor TestWrongClocks/the_board_booted_into_1970,_and_the_record_says_so,_too"},

	// Rolling.
	{"roll: the segment is not synced", "if err := old.file.Sync(); err != nil {", "if err := error(nil); err != nil {", "internal/survival TestCrash/append_over_rolls_none"},
	{"roll: the index is not synced", "if err := old.syncIndex(); err != nil {", "if err := error(nil); err != nil {", "internal/survival TestCrash/append_over_rolls_always"},
	{"roll: no trailer", "if err := old.writeTrailer(); err != nil {", "if err := error(nil); err != nil {", "segment TestCompress/zstd"},
	{"roll: the directory is not synced", "if a.identity, err = a.file.Stat(); err == nil {\n\t\terr = fsys.SyncDir(dir)\n\t}", "a.identity, err = a.file.Stat()", "internal/survival TestCrash/append_over_rolls_always"},
	{"roll: the text is created before its index", "if a.index, err = fsys.OpenFile(a.indexPath, os.O_RDWR|os.O_CREATE|os.O_TRUNC, mode); err != nil {", "if a.file, err = fsys.OpenFile(a.path, os.O_RDWR|os.O_CREATE, mode); err != nil {\n\t\treturn nil, err\n\t}\n\tif a.index, err = fsys.OpenFile(a.indexPath, os.O_RDWR|os.O_CREATE|os.O_TRUNC, mode); err != nil {", "segment TestGroupCommit"},

	{"roll: a lazy header is not synced", "err == nil && h.flags&headerLazy != 0 {", "err == nil && h.flags&headerLazy != 0 && a.file != nil {", "internal/survival TestCrash/append_over_rolls_none"},
	{"seal: an empty segment is sealed", "if old.count == 0 {", "if old == nil {", "segment TestSeal"},

	// Restamp.
	{"restamp: the newest segment is left out", "_, err = w.seal()", "err = nil", "segment TestRestamp/plain"},
	{"restamp: a writer may be open while the rule changes", "if err == nil {\n\t\terr = r.begin(ctx, change)\n\t}\n\treturn errors.Join(err, w.Close())", "if err = errors.Join(err, w.Close()); err == nil {\n\t\terr = r.begin(ctx, change)\n\t}\n\treturn err", "segment TestRestampLocks"},
	{"restamp: another one is not noticed", "if l.Marker.Restamp != r.id {", "if l.Marker.Restamp == uuid.Nil {", "segment TestRestampOvertaken"},
	{"restamp: the mark goes although there is damage", "if err == nil && r.done.Total().Damage == nil {", "if err == nil {", "segment TestRestampDamaged"},
	{"restamp: an entry made from the text is written", "r.indexEntry(seq)", "r.Entry(seq)", "segment TestRestampHidesNoDamage"},
	{"restamp: an index is not read back", "if t == nil || *t != w.sum || sum != w.sum || !bytes.Equal(b, w.header.encode()) {", "if t == nil && sum != w.sum && !bytes.Equal(b, w.header.encode()) {", "internal/survival TestLyingDisk/restamp_a_sealed_segment"},
	{"restamp: the old trailer is not compared", "if r.segment.Sealed && before != *r.trailer {", "if r.segment.Sealed && before.Count != r.trailer.Count {", "segment TestRestampDamaged"},

	// Recovery.
	{"recover: names are not made durable", "err = w.fs.SyncDir(w.dir)", "err = nil", "internal/survival TestCrash/append_over_rolls_always"},
	{"recover: HISTLOG's name is not made durable", "return errors.Join(fsys.SyncDir(dir), fsys.Remove(mark))", "return fsys.Remove(mark)", "internal/survival TestCrash/archive_none"},
	{"recover: records are synced and not written again", "if _, err := a.file.WriteAt(b, int64(at)); err != nil {", "if err := error(nil); err != nil {", "internal/survival TestInject/all/create_none"},
	{"recover: records are written again and not synced", "return a.file.Datasync()", "return nil", "internal/survival TestCrash/create_always"},
	{"recover: entries are not written again", "\t\tif _, err := a.index.WriteAt(b, from); err != nil {\n\t\t\treturn err\n\t\t}\n", "", "internal/survival TestInject/all/migrate_none"},
	{"recover: records are believed without their checksums", "return sum.Sum32() == e.CRC, err", "return sum.Sum32() == e.CRC || true, err", "segment TestRecover/last_record_spoiled,_sync_none/killed"},
	{"recover: only the last entry is checked", "k > 0 && (durable == 0 || synced == 0)", "k > 0 && durable == 0", "internal/survival TestCrash/create_always"},
	{"recover: the tail is not quarantined", "name, err := quarantineRange(w.fs, w.dir, a.header.base, a.file, a.indexedEnd, a.writtenEnd, w.mode)", `name, err := "", error(nil)`, "segment TestModes/umask_000"},
	{"recover: the truncation is not synced", "return errors.Join(a.rollback(), a.file.Datasync())", "return errors.Join(a.rollback())", "internal/survival TestCrash/recover_none"},
	{"recover: damage is not remembered", "if err := w.setHeaderFlag(headerDamaged); err != nil {", "if err := error(nil); err != nil {", "internal/survival TestDamageIsRemembered"},
	{"recover: a shared file is written to", "w.fs.Links(info) < 2", "w.fs.Links(info) < 3", "internal/survival TestCrash/append_to_files_shared_with_a_snapshot_interval=1ms"},
	{"recover: the name of a copied shared file is not synced", "\t\tif err := w.fs.SyncDir(w.dir); err != nil {\n\t\t\treturn err\n\t\t}\n\t}", "\t}", "internal/survival TestCrash/append_to_files_shared_with_a_snapshot_always"},

	// Small files.
	{"replace: the file is not synced", "return f.Sync()", "return nil", "segment TestUnfitFileSystem/no_fsync"},
	{"replace: the directory is not synced", "return fsys.SyncDir(filepath.Dir(name))", "return nil", "internal/survival TestCrash/create_always"},
	{"rename: a renamed file on FAT is not synced", "return errors.Join(f.Sync(), f.Close())", "return errors.Join(f.Close())", "internal/vfs TestRenameOnFAT"},
	{"replace: written in place", "temporary := TempName(name)", "temporary := name", "internal/survival TestCrash/create_always"},
	{"quarantine: the name of a file is not synced", "err = fsys.SyncDir(folder)", "err = nil", "internal/survival TestCrash/repair_always"},
	{"quarantine: the name of an existing folder is not synced", "return fsys.SyncDir(parent)", "return nil", "internal/survival TestCrash/repair_beside_a_segment_of_another_log_always"},
	{"quarantine: the name of a new folder is not synced", "return fsys.SyncDir(parent)", "return nil", "internal/survival TestCrash/repair_always"},

	// HISTLOG.
	{"HISTLOG: its checksum is not compared", "if err := checkMarkerSum(b); err != nil {", "if err := error(nil); err != nil {", "segment TestMarkerBitFlips"},
	{"HISTLOG: the checksum covers its own digits", "copy(b[at:], sumText(b))", "copy(b[at:], sumText(b[:at]))", "segment TestRollbackAnswersOthers"},
	{"HISTLOG: first_seq counts although no segment begins there", "case i > 0:", "case i < 0:", "segment TestFirstSeqConflict"},
	{"HISTLOG: replaced although it contradicts the segments", "if l.Conflict != nil {", "if false {", "segment TestFirstSeqConflict"},
	{"HISTLOG: an edit is accepted with the id of another log", "return l.checkID()", "return nil", "segment TestAcceptEdit"},

	// Making a log.
	{"make: the directory's name is not synced", "if err := fsys.SyncDir(parent); err != nil {", "if err := error(nil); err != nil {", "internal/survival TestCrash/create_always"},
	{"make: the mark is not synced", "if err := w.fs.SyncDir(w.dir); err != nil {\n\t\treturn err\n\t}\n\treturn w.claim", "return w.claim", "internal/survival TestCrash/create_always"},
	{"make: the last segment is not synced", "if err := a.file.Sync(); err != nil {", "if err := error(nil); err != nil {", "internal/survival TestCrash/migrate_and_compress_always"},
	{"make: the last index is not synced", "if err := a.syncIndex(); err != nil {", "if err := error(nil); err != nil {", "internal/survival TestInject/all/salvage_none"},
	{"make: full segments are not synced", "if err = a.file.Sync(); err == nil {", "if err == nil {", "internal/survival TestCrash/migrate_always"},
	{"make: full indexes are not synced", "err = a.syncIndex()", "err = nil", "internal/survival TestCrash/migrate_and_compress_always"},
	{"make: HISTLOG before the rest is durable", "if err := d.Flush(); err != nil {\n\t\treturn nil, err\n\t}\n\tw := &d.w\n\tif err := w.checkOwner(); err != nil {\n\t\treturn nil, err\n\t}\n\t// An older histlog must not take these files for missing records at any moment.\n\tif err := d.requireFeatures(); err != nil {\n\t\treturn nil, err\n\t}\n\tif err := writeMarker(w.fs, w.dir, w.marker, w.mode); err != nil {", "w := &d.w\n\tif err := w.checkOwner(); err != nil {\n\t\treturn nil, err\n\t}\n\t// An older histlog must not take these files for missing records at any moment.\n\tif err := d.requireFeatures(); err != nil {\n\t\treturn nil, err\n\t}\n\tif err := writeMarker(w.fs, w.dir, w.marker, w.mode); err != nil {\n\t\treturn nil, err\n\t}\n\tif err := d.Flush(); err != nil {", "internal/survival TestInject/all/salvage_none"},
	{"make: the mark of a draft is removed first", "for _, e := range entries {", "_ = fsys.Remove(filepath.Join(dir, filename.Draft))\n\tfor _, e := range entries {", "internal/survival TestCrash/archive_none"},
	{"make: files of origin/ are not synced", "errors.Join(o.Flush(), o.file.Sync(), o.file.Close())", "errors.Join(o.Flush(), o.file.Close())", "internal/survival TestCrash/migrate_and_compress_always"},
	{"make: SHA256SUMS is not written", "if err := d.writeSums(); err != nil {", "if err := error(nil); err != nil {", "internal/survival TestCrash/snapshot_of_a_migrated_log_always"},
	{"make: the quarantined rest of a source is not synced", "errors.Join(q.out.Flush(), q.file.Sync(), q.file.Close())", "errors.Join(q.out.Flush(), q.file.Close())", "internal/survival TestCrash/salvage_always"},

	// Reading.
	{"read: a record's checksum is not compared", "if crc32.Checksum(text, castagnoli) != e.CRC {", "if crc32.Checksum(text, castagnoli) != e.CRC && len(text) == 0 {", "segment TestCopies/zstd/the_plain_one"},
	{"read: an index entry's checksum is not compared", "if le.Uint32(b[28:]) != crc32.Update(h.seed(seq), castagnoli, b[:28]) || Offset", "if Offset", "segment TestCopies/zstd/the_compressed_one,_and_an_index_entry"},
	{"read: an index header's checksum is not compared", "case le.Uint32(b[60:]) != crc32.Checksum(b[:60], castagnoli):", "case false:", "segment TestFlippedBitInIndex"},
	{"read: a trailer's checksum is not compared", "||\n\t\tle.Uint32(b[60:]) != crc32.Update(h.seed(h.base), castagnoli, b[:60]) {", "{", "segment TestReadWithoutIndex/other_log's"},
	{"read: entries are not bound to their log", "copy(b[:], h.id[:])\n\tle.PutUint64(b[16:]", "le.PutUint64(b[16:]", "segment TestGroupCommit"},
	{"read: lines are not numbered from both ends", "m.number(places - min(r.indexed(), places))", "_ = places", "segment TestRepair/no_index_and_a_line_end_lost"},
	{"read: a compressed file's checksum is not compared", "if sum.Sum32() != r.table.sum {", "if sum.Size() == 0 {", "internal/survival TestBitRot"},
	{"read: a frame table is not compared with the index", `if expected >= 0 && r.reason == "" && r.table.Length() != expected {`, `if expected < 0 && r.reason == "" && r.table.Length() != 0 {`, "segment TestCopies/zstd/the_plain_one_was_cut,_and_the_index_is_gone"},
	{"read: a segment compressed since the listing is not found", "range seekable.Codecs() {\n\t\tif !missing(err) {", "range seekable.Codecs() {\n\t\tif !missing(err) || !s.Sealed {", "reader TestStaleVerify"},

	{"read: a trailer may claim more records than the text holds", " && t.Count <= maxRecords(t.Plain)", "", "segment TestSparseIndex"},
	{"read: entries after a hole are dropped", "continue", "return 0, nil", "segment TestEntriesBehindHole"},
	{"read: entries of records that the text lost are dropped", "if err == nil && limit < x.count {", "if err == nil && limit > x.count {", "segment TestEntriesBehindHole"},
	{"read: a record's length is not compared with the file", "case e.End > r.size:", "case e.End > r.size && r.memory == 0:", "segment TestEntryBeyondText"},
	{"read: an ended context does not stop reading", "if err := f.ctx.Err(); err != nil {", "if err := error(nil); err != nil {", "segment TestContextEndsReading"},

	// Repair.
	{"repair: a lost record is not quarantined", "name, err := m.quarantine(start, min(e.End, max(m.read.size, start)), spaces{e.End - start})", `name, err := "", error(nil)`, "segment TestRepair/cut_short"},
	{"repair: the new text is written into the segment's file", "m.log.fs.OpenFile(m.temporary, os.O_RDWR|os.O_CREATE|os.O_TRUNC, m.w.mode)", "m.log.fs.OpenFile(m.read.segment.Path, os.O_RDWR, m.w.mode)", "segment TestCopies/zstd/the_plain_one"},
	{"repair: the new text is not synced", "if err := m.text.Datasync(); err != nil {", "if err := error(nil); err != nil {", "internal/survival TestCrash/repair_none"},
	{"repair: bytes after a compressed text are not quarantined", `if flaw, err := m.read.text.checkContainer(); flaw == "" || err != nil {`, `if flaw, err := m.read.text.checkContainer(); flaw != "?" || err != nil {`, "segment TestRepairKeepsExcess"},
	{"repair: the compressed file is removed before the plain one exists", "if err := r.log.fs.Rename(m.temporary, plain.Path); err != nil {", "if m.expands() {\n\t\t\tif err := r.log.removeFile(read.segment.Path); err != nil {\n\t\t\t\treturn err\n\t\t\t}\n\t\t}\n\t\tif err := r.log.fs.Rename(m.temporary, plain.Path); err != nil {", "segment TestCopies/zstd/the_plain_one_was_cut,_and_the_index_is_gone"},
	{"repair: the compressed file is not quarantined", `if m.copied == "" {`, `if m.copied == "-" {`, "segment TestRepairKeepsExcess"},
	{"repair: records are not restored from another file", "if copied != nil {", "if copied != nil && seq == 0 {", "segment TestCopies/zstd/the_plain_one"},

	{"repair: the index is not synced", "if err := w.file.Sync(); err != nil { // otherwise a power cut after the rename could leave an index", "if err := error(nil); err != nil { // otherwise a power cut after the rename could leave an index", "internal/survival TestCrash/repair_a_compressed_segment_always"},
	{"repair: the names of text and index are not synced", "if err := w.log.fs.SyncDir(w.log.Dir); err != nil {", "if err := error(nil); err != nil {", "internal/survival TestInject/all/repair_none"},
	{"repair: the small index stays", "return w.log.removeIfExists(w.log.path(w.names.smallIndex()))", "return nil", "segment TestSmallIndexIsRepaired"},
	{"repair: the index of a foreign segment is removed first", "range n.all() {", "range []string{n.index(), n.text(Plain), n.text(Zstd), n.text(Gzip)} {", "internal/survival TestCrash/repair_beside_a_segment_of_another_log_always"},
	{"repair: a foreign segment is removed before it is in quarantine", "if err == nil && info.Size() > 0 {", "if err == nil && info.Size() < 0 {", "segment TestForeignSegments/with_its_index,_of_a_higher_number"},
	{"recover: a foreign segment is appended to", `if reason != "" { // appending`, `if reason == "?" { // appending`, "segment TestForeignSegments/with_its_index,_of_a_higher_number"},
	{"read: a directory that has just changed is listed once", "time.Since(after.ModTime()) > settled", "time.Since(after.ModTime()) > -settled", "segment TestListedTwice"},
	{"read: another log's segment is shown", "case bound && h.id != l.Marker.ID:", "case h.base == 0:", "segment TestCopies/zstd/the_plain_one,_of_an_index_that_was_made_anew"},
	{"read: a foreign segment after a gap is shown", "ok && next != s.Base {", "ok && next == 0 {", "segment TestForeignSegments/without_an_index,_behind_a_gap"},
	{"retire: another log's segment is removed", "case ours && n.base < first && !l.isForeign(n):", "case ours && n.base < first:", "segment TestForeignBelowFirst"},

	// Compressing.
	{"compress: the file is not synced", "if err := f.Sync(); err != nil {", "if err := error(nil); err != nil {", "internal/survival TestCrash/compress_by_gzip_none"},
	{"compress: its name is not synced", "if err == nil {\n\t\terr = l.fs.SyncDir(l.Dir)\n\t}\n", "\n", "internal/survival TestCrash/compress_by_gzip_none"},
	{"compress: the file gets its name before it is verified", "if err = r.compressTo(ctx, l, temporary, codec, mode); err == nil && s.Copy {\n\t\terr = l.quarantineOthers(s, mode)\n\t}\n\tif err == nil {\n\t\terr = l.fs.Rename(temporary, path)", "if err = r.compressTo(ctx, l, path, codec, mode); err == nil && s.Copy {\n\t\terr = l.quarantineOthers(s, mode)", "segment TestCopies/zstd/the_compressed_one_is_a_FIFO"},
	{"compress: the compressed file is not read back", "if err := r.verifyStream(ctx, packed, nil); errors.Is(err, ErrCorrupt) {\n\t\treturn fmt.Errorf(\"the compressed file differs: %v\", err)\n\t} else if err != nil {\n\t\treturn err\n\t}\n\treason, err := packed.Check()\n\tif err == nil && reason != \"\" {\n\t\terr = fmt.Errorf(\"the compressed file differs: %s\", reason)\n\t}\n\treturn err", "return nil", "internal/survival TestLyingDisk/compress_by_zstd"},
	{"compress: the container of the compressed file is not checked", `if err == nil && reason != "" {`, `if err == nil && reason == "?" {`, "internal/survival TestLyingDisk/compress_by_zstd"},
	{"compress: checksums are not compared", "if crc != e.CRC {", "if crc == 0 && e.CRC == 1 {", "segment TestRetireLeavesDamage"},
	{"compress: bytes after the last record are not noticed", "if r.size != at || sum", "if sum", "cmd/histlog TestScripts/compact"},
	{"compress: the file of a killed run is not verified", "if err := r.verifyFile(ctx); err != nil {\n\t\treturn c, err\n\t}\n\tif err := l.syncFile", "if err := l.syncFile", "segment TestCopies/zstd/the_compressed_one"},
	{"compress: the damaged file of a killed run stays", "if c, done, err := l.finishCompress(ctx, s); done || err != nil {", "if c, _, err := l.finishCompress(ctx, s); true {", "segment TestCopies/zstd/the_compressed_one"},
	{"compress: the replaced copies are not quarantined", "err == nil && s.Copy {", "err == nil && s.Codec == Zstd {", "segment TestCopies/zstd/the_compressed_one"},
	{"compress: the temporary file of a failed run stays", "return c, errors.Join(compressError(r.segment, err), vfs.RemoveIfExists(l.fs, temporary))", "return c, compressError(r.segment, err)", "internal/survival TestLyingDisk/compress_by_zstd"},
	{"compress: the temporary file of a killed run stays", "temporary = append(temporary, e.Name())", "_ = temporary", "segment TestSweep"},
	{"merge: the text is not synced", "if err := text.Sync(); err != nil {", "if err := error(nil); err != nil {", "internal/survival TestCrash/merge_always"},
	{"merge: the text is not read back", "merged := &Reader{segment: whole, index: index.indexFile(), marker: l.Marker, trailer: &index.sum, size: index.sum.Plain}\n\treturn index, merged.verifyCompressed(ctx, text, whole.Codec)", "return index, nil", "internal/survival TestLyingDisk/merge_the_texts"},
	{"merge: the requirement of a killed run is not synced", "if err := l.fs.SyncDir(l.Dir); err != nil {", "if err := error(nil); err != nil {", "internal/survival TestCrash/merge_lost_records_always"},
	{"merge: a cut text holds no records", "if codec != Plain { // without", "if codec == 99 { // without", "segment TestMergedWithoutIndexIsKept"},
	{"merge: the text gets its name before its index", "if err == nil {\n\t\terr = index.finishMerged(ctx)\n\t}\n\t// The rename commits: from then on the parts are superseded.\n\tif err == nil {\n\t\terr = l.fs.Rename(temporary, whole.Path)\n\t}", "if err == nil {\n\t\terr = l.fs.Rename(temporary, whole.Path)\n\t}\n\tif err == nil {\n\t\terr = index.finishMerged(ctx)\n\t}", "internal/survival TestCrash/merge_always"},
	{"merge: its name is not synced", "if err := l.fs.SyncDir(l.Dir); err != nil {", "if err := error(nil); err != nil {", "internal/survival TestCrash/merge_always"},
	{"merge: a damaged segment is merged", "if err := r.verifyStream(ctx, r.text, w); err != nil {", "if err := r.verifyStream(ctx, r.text, w); err != nil && !errors.Is(err, ErrCorrupt) {", "segment TestMergeLost"},
	{"merge: a file in its place is overwritten", "if damage, err := l.occupied(whole); err != nil || damage != nil {", "if damage, err := error(nil), error(nil); err != nil || damage != nil {", "segment TestMergeKilledAndDamaged/no_index"},
	{"merge: the segment of a killed run is not verified", "if c.Segment, c.Records, err = l.verifyMerged(ctx, s); err != nil {", "if c.Segment, c.Records = s.Name(), uint64(s.Next-s.Base); err != nil {", "segment TestMergeKilledAndDamaged/a_flip_in_the_text"},
	{"merge: the segment of a killed run is not synced", "if err = r.verifyFile(ctx); err == nil {\n\t\terr = l.syncFile(r.segment.Path)\n\t}", "err = r.verifyFile(ctx)", "segment TestOrderOfMerge"},
	{"merge: the index of a killed run stays", "case ours && !text && n.end != 0 && n.base >= first && l.leftByMerge(n):", "case ours && !text && n.end != 0 && n.base >= first && false:", "segment TestMergeIndexAlone"},
	{"merge: the index of a lost text is removed", "_, found := l.search(n.base)\n\treturn found", "return true", "segment TestMergeIndexAlone"},
	{"merge: the archive keeps what a merged segment supersedes", "if err := l.removeSupersededBy(ctx, added); err != nil {", "if err := error(nil); err != nil {", "segment TestMergedIsASegment/archived,_and_its_first_part_was_before"},
	{"merge: a writer appends to a merged segment", "if newest.Codec != Plain || newest.End != 0 {", "if newest.Codec != Plain {", "segment TestMergedIsASegment/the_newest_one,_and_plain"},
	{"merge: maintenance with an old listing fails", "if errors.Is(err, ErrMerged) {", "if errors.Is(err, ErrMerged) && m == nil {", "segment TestMergeStale"},
	{"merge: a segment that overlaps a merged one is hidden", "case s.Base <= covered:", "case s.Base <= covered:\n\t\t\tcontinue\n\t\tcase s.Base == 0:", "segment TestMergeHostile/it_overlaps_a_merged_one"},
	{"merge: a merged segment hides others without a proof", "if s.irregular {\n\t\treturn 0, nil\n\t}", "if s.End > 0 {\n\t\treturn s.End, nil\n\t}", "segment TestMergeHostile/all_records"},
	{"merge: a name that contradicts the index is not noticed", "case s.End != 0 && next != s.End+1:", "case s.End != 0 && next == 0:", "segment TestMergeMisnamed"},
	{"merge: a reader with an old listing reports damage", "if err := l.mergedSince(s); err != nil {", "if err := error(nil); err != nil {", "segment TestMergeStale"},
	{"merge: records are not restored from what it supersedes", "return m.findInParts(seq)", "return nil, nil", "segment TestMergeKilledAndDamaged/a_flip_in_the_text"},
	{"merge: a name without a proof supersedes files", "return n != s.stem() && s.Base <= n.base && max(n.base, n.end) <= s.supersedes", "return n != s.stem() && s.stem().covers(n.base)", "segment TestMisnamedRemovesNothing"},
	{"merge: a segment with other records is removed", "if there, err := whole.sum(seq); err != nil || own != there {", "if there, err := whole.sum(seq); err != nil && own != there {", "segment TestMergedOfAnotherCopy"},
	{"merge: a misnamed segment supersedes files", "if err == nil && r.Next() != s.End+1 {", "if err == nil && r.Next() == 0 {", "segment TestMisnamedRemovesNothing"},
	{"merge: the merge of another process is damage", "if end, err := l.provenEnd(whole); err == nil && end == whole.End && len(l.Foreign) == 0 {", "if end, err := l.provenEnd(whole); err == nil && end == 0 {", "segment TestMergeTwice"},
	{"merge: a segment is archived behind a merged one", "if s.Base == last.Base && last.End != 0 && last.stem() != s.stem() {", "if s.Base == last.Base && last.End == 1 {", "segment TestArchiveBehindMerged"},
	{"merge: the only place of records is moved", "if err := l.checkReplaceable(f, l.Segments); err != nil {", "if err := error(nil); err != nil {", "segment TestMergedWithoutIndexIsKept"},
	{"merge: a writer gives the numbers of records again", "if err := log.checkReplaceable(f, segments); err != nil {", "if err := error(nil); err != nil {", "segment TestMergedWithoutIndexIsKept"},
	{"small index: it is not synced", "if err := f.Sync(); err != nil {", "if err := error(nil); err != nil {", "internal/survival TestCrash/compress_many_records_interval=1ms"},
	{"small index: its name is not synced before the plain one is removed", "return size, l.fs.SyncDir(l.Dir)", "return size, nil", "internal/survival TestCrash/compress_many_records_interval=1ms"},
	{"small index: HISTLOG does not require it", "if ready, err = l.require(featuresOf(files...)...); err != nil || !ready {", "if ready, err = len(featuresOf(files...)) >= 0, nil; err != nil || !ready {", "segment TestManyRottenEntries"},
	{"time format: HISTLOG does not require it", "m.Requires = withFeatures(m.Requires, rule.features()...)", "m.Requires = withFeatures(m.Requires)", "segment TestTimeFormatRule"},
	{"time format: a new HISTLOG does not require it", "Requires:  append([]string{}, rule.features()...),", "Requires:  []string{},", "segment TestNewLogWithFormat"},
	{"small index: HISTLOG requires it too late", "if ready, err = l.require(featuresOf(files...)...); err != nil || !ready {\n\t\t\t\treturn err\n\t\t\t}\n\t\t\treturn fn(l)", "if err = fn(l); err == nil {\n\t\t\t\tready, err = l.require(featuresOf(files...)...)\n\t\t\t}\n\t\t\treturn err", "segment TestManyRottenEntries"},
	{"small index: the HISTLOG of a draft does not require it", "d.w.marker.Requires = append(d.w.marker.Requires, featuresOf(names...)...)", "_ = names", "segment TestDraftWithSmallIndexes"},
	{"small index: the HISTLOG of an archive does not require it", "own.Requires = append(slices.Clip(own.Requires), name)", "_ = name", "segment TestSmallIndexIsArchivedAndRetired"},
	{"small index: a block's checksum is not compared", "return crc == p.crc", "return crc == p.crc || true", "segment TestSmallIndexBitFlips"},
	{"small index: used although the plain one is complete", "x != nil && x.hasTrailer() {", "x != nil && x.hasTrailer() && false {", "segment TestSmallIndexBesidePlain"},
	{"small index: not used although the plain one is torn", "if small != nil {", "if small != nil && x == nil {", "segment TestSmallIndexBesidePlain/the_plain_one_torn"},
	{"make: segments are not compressed", "if d.codec == Plain {", "if d.codec >= Plain {", "cmd/histlog TestScripts/compact"},
	{"make: compressed before the text is durable", "if err = a.file.Sync(); err == nil {\n\t\t\t\terr = a.writeTrailer()\n\t\t\t}", "err = a.writeTrailer()", "internal/survival TestCrash/migrate_always"},

	// Retiring.
	{"retire: segments are removed before HISTLOG is replaced", "if err := l.replaceMarker(m); err != nil {\n\t\treturn fail(fmt.Errorf(\"move first_seq to %d: %w\", m.FirstSeq, err))\n\t}\n\tl.Segments = l.Segments[len(segments):]\n\tif err := l.removeFiles(namesOf(segments)); err != nil {\n\t\treturn fail(err)", "l.Segments = l.Segments[len(segments):]\n\tif err := l.removeFiles(namesOf(segments)); err != nil {\n\t\treturn fail(err)\n\t}\n\tif err := l.replaceMarker(m); err != nil {\n\t\treturn fail(fmt.Errorf(\"move first_seq to %d: %w\", m.FirstSeq, err))", "internal/survival TestCrash/archive_none"},
	{"retire: the run after a kill does not sync HISTLOG", "if len(retired) > 0 {", "if len(retired) < 0 {", "internal/survival TestCrash/archive_none"},
	{"retire: a damaged segment is removed", "\tif err := r.verifyFile(ctx); err != nil {\n\t\treturn c, s, err\n\t}\n", "", "segment TestRetireLeavesDamage"},
	{"retire: segments after a damaged one are removed", "segments = segments[:i]", "segments = segments[:max(i, len(segments))]", "segment TestRetireLeavesDamage"},
	{"retire: missing oldest records are not noticed", "if base := l.Segments[0].Base; base > l.Marker.FirstSeq {", "if base := l.Segments[0].Base; base == 0 {", "segment TestRetireHidesNothing"},
	{"retire: files that a killed run left stay", "if err := segment.Sweep(ctx, dir, o.Options); err != nil {", "if err := error(nil); err != nil {", "cmd/histlog TestScripts/compact"},
	{"retire: a reader with an old listing reports damage", "s.Base < m.FirstSeq && l.Conflict == nil {", "s.Base == 0 && l.Conflict == nil {", "reader TestStaleVerify"},
	{"retire: the index of a retired segment is rebuilt", "if err := l.missingSegmentError(s); errors", "if err := error(nil); errors", "reader TestHalfRetired"},
	{"retire: the retired newest segment of a listing is damage", "if l.Segments[len(l.Segments)-1].Base == last.Base {", "if len(l.Segments) > 0 {", "reader TestStale/last_4,_retired_when_listed"},

	// Archiving.
	{"archive: names are not synced", "return a.fs.SyncDir(a.dir)", "return nil", "internal/survival TestCrash/archive_none"},
	{"archive: the copy is not read back", "_, _, err = copied.verifySegment(ctx, there)", "_, err = copied, ctx.Err()", "internal/survival TestLyingDisk/archive_the_text"},
	{"archive: a segment is copied before its index", "[]string{index, s.Path}", "[]string{s.Path, index}", "internal/survival TestCrash/archive_none"},
	{"archive: a file is written under its final name", "temporary := TempName(to)", "temporary := to", "internal/survival TestCrash/archive_none"},
	{"archive: HISTLOG is written before the segment", "if err := a.copy(ctx, s); err != nil {\n\t\treturn err\n\t}\n\tif err := writeMarker(fsys, a.dir, a.marker(s.Base), mode); err != nil {", "if err := writeMarker(fsys, a.dir, a.marker(s.Base), mode); err != nil {\n\t\treturn err\n\t}\n\tif err := a.copy(ctx, s); err != nil {", "internal/survival TestCrash/archive_none"},
	{"archive: its mark is not synced", "if err := fsys.SyncDir(a.dir); err != nil {\n\t\treturn err\n\t}\n\tif err := a.copy", "if err := a.copy", "internal/survival TestCrash/archive_none"},
	{"archive: its mark stays", "\tif err := endDraft(a.fs, a.dir); err != nil {\n\t\treturn err\n\t}\n", "", "cmd/histlog TestScripts/prune"},
	{"archive: the directory of a killed run is not synced", "if err := fsys.SyncDir(parent); !errors.Is(err, fs.ErrPermission) {", "if err := error(nil); err != nil {", "internal/survival TestCrash/archive_none"},
	{"archive: the archive of another log is accepted", "archive.Marker.Role != roleArchive || archive.Marker.ID != l.Marker.ID", "archive.Marker.Role != roleArchive", "segment TestArchiveRefuses"},
	{"archive: a log is accepted as an archive", "archive.Marker.Role != roleArchive || archive.Marker.ID != l.Marker.ID", "archive.Marker.ID != l.Marker.ID", "cmd/histlog TestScripts/prune"},
	{"archive: a gap is accepted", "if s.Base != last.Base && s.Base != last.Next {", "if s.Base < last.Base {", "segment TestArchiveRefuses"},
	{"archive: another copy's segment is overwritten", "if s.Base == last.Base {", "if s.Base == 0 {", "segment TestArchiveOfCopies"},
	{"archive: another process has added segments", "there, err := l.filesNow(Segment{Base: s.Base, End: s.End}); err != nil {\n\t\treturn err\n\t} else if s.Base != last.Next || there.Path != \"\" {", "there, err := l.filesNow(Segment{Base: s.Base, End: s.End}); err != nil {\n\t\treturn err\n\t} else if there.Path == \"?\" {", "segment TestStepsBesideOthers/archived"},
	{"archive: a directory in the log itself is accepted", "case l.fs.SameFile(own, info):", "case own == nil:", "cmd/histlog TestScripts/prune"},
	{"archive: a new archive stays after a failure", "err = errors.Join(err, a.discard())", "err = errors.Join(err)", "cmd/histlog TestScripts/prune"},

	// What a power cut leaves, before recovery.
	{"verify: traces of a power cut are damage", "return k >= synced, k >= durable, nil", "return k >= max(synced, 1<<63), k >= max(durable, 1<<63), nil", "internal/survival TestCrash/create_always"},
	{"verify: damage to synced records is ascribed to a power cut", "return k >= synced, k >= durable, nil", "return k >= synced || true, k >= durable || true, nil", "segment TestRepair/two_records_of_a_segment,_one_of_the_active_one"},
	{"read: records lost in a power cut are counted", "e.Flags&Durable == 0 && e.End > size", "e.Flags&Durable == 0 && e.End < 0", ""},
	{"check: a torn new index is damage", "return synced == 0, err", "return synced == 1<<63, err", "segment TestIndexNeverWritten/empty"},

	// Edges.
	{"roll: the trailer has the last arrival as max arrival", "max(t.MaxArrival, arrived)", "arrived", "segment TestClockGoesBack"},
	{"read: arrivals are signed", "time.Unix(int64(le.Uint32(b[16:])), 0)", "time.Unix(int64(int32(le.Uint32(b[16:]))), 0)", "segment TestArrivalBehind2038"},
	{"archive: time rules are not copied", "if err := l.copyRules(a.from.Marker); err != nil {", "if err := error(nil); err != nil {", "segment TestArchiveFollowsTimeRules"},
	{"archive: other times are taken for other records", "t.MinTime, t.MaxTime = other.MinTime, other.MaxTime", "_ = other.MinTime", "segment TestRestampBetweenArchives"},
	{"archive: an index of other times stays", "if err := copied.dropOtherIndex(s.stem(), filepath.Base(index)); err != nil {", "if err := error(nil); err != nil {", "segment TestRestampBetweenArchives"},
	{"make: a segment rolls at exactly segment-size", "int64(len(compact))+1 > w.policy.SegmentSize {", "int64(len(compact))+1 >= w.policy.SegmentSize {", "segment TestDraftRollsAsWriter"},
	{"read: a directory is listed once", "if n > 0 && slices.Equal(previous, files) || isQuiet(l.fs, before, after) {", "if n == 0 || slices.Equal(previous, files) || isQuiet(l.fs, before, after) {", "segment TestListedTwice"},
	{"maintenance: UPKEEP is unlocked before HISTLOG", "errors.Join(second(), first())", "errors.Join(first(), second())", "segment TestOrderOfUpkeep"},
	{"compress: the plain file is removed first", "slices.Reverse(others)", "_ = slices.Reverse[[]Segment]", "segment TestOrderOfUpkeep"},
	{"compress: the file of a killed run is not synced", "if err := l.syncFile(s.Path); err != nil {", "if err := error(nil); err != nil {", "segment TestOrderOfUpkeep"},
	{"maintenance: a change of HISTLOG between two steps is not noticed", "return bytes.Equal(before, l.file.text) && l.fs.SameFile(self, k.self), err", "return bytes.Equal(before, before), err", "segment TestStepsBesideOthers"},
	{"maintenance: a temporary HISTLOG stays", `, e.Name() == "."+filename.Marker+".tmp":`, ":", "segment TestTemporaryMarkerIsSwept"},

	// Snapshots.
	{"snapshot: segments may be removed while they are copied", "defer func() { err = errors.Join(err, release()) }()", "if err := release(); err != nil {\n\t\treturn done, err\n\t}", "segment TestSnapshotHoldsTheLock"},
	{"snapshot: changes during the wait for the lock are not seen", "\tif err := l.Refresh(); err != nil { // another process may have changed the log before the lock was acquired\n\t\treturn done, err\n\t}\n", "", "segment TestSnapshotHoldsTheLock"},
	{"snapshot: a directory in the log is accepted", "if in {", "if in && err != nil {", "segment TestSnapshotRefused"},
	{"snapshot: its directory is readable by all", "info.Mode().Perm()|0o700", "info.Mode().Perm()|0o755", "segment TestSnapshotMode"},
	{"snapshot: the active segment is shared", "if from.active() {", "if from.active() && from.Copy {", "segment TestSnapshot/closed,_copies"},
	{"snapshot: copies are not read back", "if !copied {", "if !copied || s.total >= 0 {", "internal/survival TestLyingDisk/copy_a_sealed_segment"},
	{"snapshot: the active copy is not compared", "_, _, err := r.verifyRecords(ctx, r.text, nil)", "_, err := r, ctx.Err()", "segment TestSnapshot/a_record_of_the_active_segment_rotten,_links"},
	{"snapshot: names in folders are not synced", "return w.fs.SyncDir(filepath.Join(w.dir, folder))", "return nil", "internal/survival TestCrash/snapshot_of_a_migrated_log_always"},
	{"snapshot: indexes of missing segments are left out", "\tif err := s.copyLeftIndexes(ctx); err != nil {\n\t\treturn err\n\t}\n", "", ""},
	{"snapshot: records acknowledged a moment ago are left out", "end >= min(wanted, r.size)", "end >= min(wanted, 0)", "segment TestSnapshot/acknowledged_a_moment_ago,_under_none,_links"},
	{"snapshot: the tail of a killed writer is left out", "err = copyTo(text, from, int64(end), int64(r.size))", "err = ctx.Err()", ""},
	{"snapshot: a failed snapshot stays", `snapshotError(dir, err), d.Discard())`, `snapshotError(dir, err))`, "segment TestSnapshotRefused"},

	// One at a time.
	{"maintenance: HISTLOG is not locked", "second, err := acquireLock(ctx, l.fs, path, maintenanceWait)", "second, err := func() error { return nil }, error(nil)", "cmd/histlog TestUpkeepRaces"},
	{"lock: another's LOCK is not noticed", "err = w.checkOwner()", "err = nil", ""},
	{"lock: LOCK is not claimed", "if err := w.claimLock(ctx, command); err != nil {", "if err := error(nil); err != nil {", "segment TestSecondWriterPastTheLock/always"},
	{"lock: LOCK stays when a poisoned writer is closed", "w.clearLockInfo()", "if w.err == nil {\n\t\tw.clearLockInfo()\n\t}", ""},
	{"lock: a process that LOCK names is not waited for", "if err == nil && h.state() == processAlive && h.isOriginal(fsys, dir) {", "if err == nil && h.state() > processUnknown {", "segment TestHolderAlive"},
	{"lock: a copy of LOCK is believed", "&& h.isOriginal(fsys, dir) {", "{", ""},
	{"lock: a zombie process counts as alive", `|| bytes.ContainsAny(fields[state], "ZXx")`, `|| bytes.ContainsAny(fields[state], "x")`, "segment TestZombie"},
	{"lock: acquired before the writers that wait", "if wait == 0 || !hasWaiter(fsys, dir) {", "if true {", ""},
	{"make: a draft that another one has cleared is published", "\tif err := w.checkOwner(); err != nil {\n\t\treturn nil, err\n\t}\n", "", "segment TestSecondDraft"},
	{"read: a single check decides that HISTLOG is missing", "const checks = 3", "const checks = 1", ""},
	{"lock: acquired on a directory that was replaced", "err == nil && os.SameFile(held, now), nil", "err == nil && now != held, nil", "segment TestLockOfReplacedFile"},

	{"lock: acquired on a replaced file of a held directory", "err == nil && os.SameFile(held, now), nil", "err == nil && now != held, nil", "segment TestLockOfReplacedFile"},
	{"lock: acquired on a held directory that was moved", "if err == nil && !os.SameFile(d.info, now) {", "if err != nil && !os.SameFile(d.info, now) {", "internal/vfs TestHoldStays"},

	// Directories held open.
	{"hold: a link is followed", "flag|openFlags|unix.O_CLOEXEC", "flag|openFlags&^unix.O_NOFOLLOW|unix.O_CLOEXEC", "internal/vfs TestHoldFollowsNoLink"},
	{"hold: a directory that was not made is given away", "if !owned(made) {", "if !owned(made) && f == nil {", "internal/vfs TestMakeDirSwapped"},
	{"hold: a writer goes on by name", "w.fs, w.releaseLock = fsys, func", "_, w.releaseLock = fsys, func", "segment TestHeldWhileInUse"},
	{"hold: a log is read by name", "l.fs, l.release = fsys, release", "_, l.release = fsys, release", "segment TestHeldWhileInUse"},
	{"hold: maintenance opens the directory again", "if l.locked || !vfs.Moved(l.fs, l.Dir) {", "if !vfs.Moved(l.fs, l.Dir) {", "segment TestHeldWhileInUse"},
	{"archive: another account's archive-to is obeyed", "if !vfs.Trusted(info) {", "if !vfs.Trusted(info) && err != nil {", "cmd/histlog TestAnothersArchive"},
	{"maintenance: of another account's log runs as root", "if !ok || os.Geteuid() != 0 || own.Uid == 0 {", "if !ok || os.Geteuid() >= 0 || own.Uid == 0 {", "cmd/histlog TestAnothersArchive"},
	{"maintenance: of another log than the one that append has open", `c.IsSet("log-id") && c.String("log-id") != id {`, `c.IsSet("log-id") && id == "" {`, "cmd/histlog TestUpkeepOfAnotherLog"},
	{"event log: lumberjack opens it by name", "name, err := vfs.NameOf(f)", "name, err := path, error(nil)", "cmd/histlog TestRaces"},
	{"hold: maintenance of a directory that was moved", "if vfs.Moved(l.fs, l.Dir) {", "if false {", "segment TestHeldWhileInUse"},
	{"hold: a follower stays with a directory that was moved", "if l.locked || !vfs.Moved(l.fs, l.Dir) {", "if true {", "reader TestReplaced"},

	// The file system.
	{"probe: locks are not tried", "if ok {", "if ok && err != nil {", "segment TestUnfitFileSystem/locks_that_keep_nobody_out"},
	{"probe: fsync is not tried", `err = vfs.WriteFile(fsys, name, []byte("probe"), mode)`, "_ = vfs.WriteFile\n\treturn nil", "segment TestUnfitFileSystem/no_fsync"},
}
