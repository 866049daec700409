package main

// A mutant is one change of the code that must not go unnoticed.
type mutant struct {
	name, file string
	old, new   string // old stands in the file once
}

// Not in the table is what no test can notice, for what comes of it is as good:
//   - the last sync of Compress and of Retire: files that come back are removed by the next upkeep;
//   - in Repair of a compressed segment, which of plain file, index and removal comes first, once the bytes are in
//     quarantine: with any two of them the next Repair does the same again;
//   - that what was compressed is decompressed and compared, beside the checksum of its file: no disk plays an encoder
//     that is wrong;
//   - that a small index is compared with the plain one, for the same reason;
//   - that a trailer sums up the entries: each of them has a checksum of its own;
//   - that frames reach up to the table that tells of them: the file's checksum says so too;
//   - the rule in the header of an index: nothing reads it, for HISTLOG says the same;
//   - that closing under none syncs the durable mark: else the next writer compares the records with their checksums and
//     marks them once more;
//   - that opening syncs the index if many entries are without an anchor: it bounds how many each opening writes again.
var mutants = []mutant{
	// Records.
	{"append: no fdatasync", "segment/commit.go", "a.file.Datasync(); err != nil {\n\t\treturn w.poison(w.diskError(\"sync\", a.path, err))\n\t}\n\tfor i", "error(nil); a == nil {\n\t\treturn err\n\t}\n\tfor i"},
	{"append: index entry before fdatasync", "segment/commit.go", "\ta := w.active\n\tif err := a.file.Datasync(); err != nil {\n\t\treturn w.poison(w.diskError(\"sync\", a.path, err))\n\t}\n\tfor i := range w.pending {\n\t\tw.pending[i].Flags |= Durable\n\t}\n\treturn w.enter()", "\ta := w.active\n\tfor i := range w.pending {\n\t\tw.pending[i].Flags |= Durable\n\t}\n\tif err := w.enter(); err != nil {\n\t\treturn err\n\t}\n\tif err := a.file.Datasync(); err != nil {\n\t\treturn w.poison(w.diskError(\"sync\", a.path, err))\n\t}\n\treturn nil"},
	{"append: a failed sync does not poison", "segment/commit.go", "return w.poison(w.diskError(\"sync\", a.path, err))\n\t}\n\tfor i", "return w.takeBack(w.diskError(\"sync\", a.path, err))\n\t}\n\tfor i"},
	{"append: segment not looked at after the sync", "segment/commit.go", "if err := w.intact(); err != nil {\n\t\treturn err\n\t}\n\tif err := a.enter", "if err := a.enter"},
	{"append: a failed write is not taken back", "segment/commit.go", "return w.takeBack(w.diskError(\"append to\", a.path, err))", "return w.diskError(\"append to\", a.path, err)"},
	{"append: a failed group is acknowledged later", "segment/commit.go", "\t\t\tw.failed = err // which", "\t\t\t_ = err // which"},
	{"append: groups are not noted", "segment/commit.go", "if w.policy.Sync.Mode == SyncAlways && len(w.pending) == 1 {", "if w.policy.Sync.Mode == SyncAlways {"},
	{"append: a pair is no group", "segment/commit.go", "len(w.pending) == 1 {", "len(w.pending) <= 2 {"},
	{"append: the note is not synced", "segment/commit.go", "if err := a.index.Sync(); err != nil {", "if err := error(nil); err != nil {"},
	{"close under none: no fdatasync", "segment/commit.go", "\tif err := a.file.Datasync(); err != nil {\n\t\treturn w.poison(w.diskError(\"sync\", a.path, err))\n\t}\n\treturn w.diskError", "\treturn w.diskError"},
	{"index: entries that failed stay", "segment/active.go", "if e := a.cutIndex(); e != nil {", "if e := error(nil); e != nil {"},
	{"index: cut without a sync", "segment/active.go", "\tif err := a.index.Truncate(end); err != nil {\n\t\treturn err\n\t}\n\treturn a.index.Datasync()", "\treturn a.index.Truncate(end)"},

	{"append: those who wait are not told that the writer is poisoned", "segment/writer.go", "\tw.err = err\n\tw.answer(err)\n", "\tw.err = err\n"},
	{"append: others are acknowledged what was rolled back", "segment/commit.go", "w.answer(cmp.Or(err, ErrRolledBack))", "_ = cmp.Or(err, ErrRolledBack)"},
	{"make: the header of a new index is not synced", "segment/active.go", "\ta.unsynced = true // until", "\ta.unsynced = false // until"},
	{"retire: by age although the clock has jumped", "compactor/guard.go", "g.Jump == 0 && (", "("},
	{"retire: by age although the clock was never set", "compactor/plan.go", "now.Sub(at) > age && (set(at) || set(s.Arrived))", "now.Sub(at) > age"},

	// Rolling.
	{"roll: the segment is not synced", "segment/roll.go", "if err := old.file.Sync(); err != nil {", "if err := error(nil); err != nil {"},
	{"roll: the index is not synced", "segment/roll.go", "if err := old.syncIndex(); err != nil {", "if err := error(nil); err != nil {"},
	{"roll: no trailer", "segment/roll.go", "if err := old.writeTrailer(); err != nil {", "if err := error(nil); err != nil {"},
	{"roll: the directory is not synced", "segment/active.go", "\tif a.identity, err = a.file.Stat(); err == nil {\n\t\terr = fsys.SyncDir(dir)\n\t}", "\ta.identity, err = a.file.Stat()"},
	{"roll: the segment before its index", "segment/active.go", "\tif a.index, err = fsys.OpenFile(a.indexPath, os.O_RDWR|os.O_CREATE|os.O_TRUNC, mode); err != nil {\n\t\treturn nil, err\n\t}", "\tif a.file, err = fsys.OpenFile(a.path, os.O_RDWR|os.O_CREATE, mode); err != nil {\n\t\treturn nil, err\n\t}\n\tif a.index, err = fsys.OpenFile(a.indexPath, os.O_RDWR|os.O_CREATE|os.O_TRUNC, mode); err != nil {\n\t\treturn nil, err\n\t}"},

	{"roll: a lazy header is not synced", "segment/active.go", "err == nil && h.flags&headerLazy != 0 {", "err == nil && h.flags&headerLazy != 0 && a.file != nil {"},
	{"seal: an empty segment is sealed", "segment/roll.go", "if old.count == 0 {", "if old == nil {"},

	// Recovery.
	{"recover: a new header is not synced", "segment/recover.go", "\tif err = a.index.Sync(); err != nil {\n\t\treturn err\n\t}\n\treturn w.fs.SyncDir(w.dir)", "\treturn w.fs.SyncDir(w.dir)"},
	{"recover: names are not made durable", "segment/recover.go", "err = w.fs.SyncDir(w.dir)\n\t}\n\tif err != nil {\n\t\treturn false, err\n\t}\n\ta.count", "err = nil\n\t}\n\tif err != nil {\n\t\treturn false, err\n\t}\n\ta.count"},
	{"recover: HISTLOG's name is not made durable", "segment/draft.go", "return errors.Join(fsys.SyncDir(dir), fsys.Remove(mark))", "return fsys.Remove(mark)"},
	{"recover: records are synced and not written again", "segment/recover.go", "if _, err := a.file.WriteAt(b, int64(at)); err != nil {", "if err := error(nil); err != nil {"},
	{"recover: records are written again and not synced", "segment/recover.go", "return a.file.Datasync()\n}\n\n// cutTail", "return nil\n}\n\n// cutTail"},
	{"recover: entries are not written again", "segment/recover.go", "\t\tif _, err := a.index.WriteAt(b, from); err != nil {\n\t\t\treturn err\n\t\t}\n", ""},
	{"recover: records are believed without their checksums", "segment/recover.go", "return sum.Sum32() == e.CRC, err", "return sum.Sum32() == e.CRC || true, err"},
	{"recover: entries before the last are not looked at", "segment/recover.go", "k > 0 && (durable == 0 || synced == 0)", "k > 0 && durable == 0"},
	{"recover: the tail is not set aside", "segment/recover.go", "name, err := quarantineRange(w.fs, w.dir, a.header.base, a.file, a.end, a.written, w.mode)", "name, err := \"\", error(nil)"},
	{"recover: the cut is not synced", "segment/recover.go", "return errors.Join(a.takeBack(), a.file.Datasync())", "return a.takeBack()"},
	{"recover: damage is not remembered", "segment/recover.go", "if err := w.flag(headerDamaged); err != nil {", "if err := error(nil); err != nil {"},
	{"recover: a shared file is written to", "segment/copyfile.go", "w.fs.Links(info) < 2", "w.fs.Links(info) < 3"},
	{"recover: the name of what was shared is not synced", "segment/copyfile.go", "\t\tif err := w.fs.SyncDir(w.dir); err != nil {\n\t\t\treturn err\n\t\t}\n\t}\n\treturn nil", "\t}\n\treturn nil"},

	// Small files.
	{"replace: the file is not synced", "segment/fs.go", "\treturn f.Sync()\n}", "\treturn nil\n}"},
	{"replace: the directory is not synced", "segment/fs.go", "\treturn fsys.SyncDir(dir)\n}", "\treturn nil\n}"},
	{"replace: written in place", "segment/fs.go", "temporary := filepath.Join(dir, \".\"+filepath.Base(name)+\".tmp\")", "temporary := name"},
	{"quarantine: the copy is not synced", "segment/quarantine.go", "return out.Sync()", "return nil"},
	{"quarantine: its name is not synced", "segment/quarantine.go", "err = fsys.SyncDir(folder)", "err = nil"},
	{"quarantine: the name of a folder that is there is not synced", "segment/quarantine.go", "\t\treturn fsys.SyncDir(parent)\n\t}", "\t\treturn nil\n\t}"},
	{"quarantine: the folder's name is not synced", "segment/quarantine.go", "\treturn fsys.SyncDir(parent)\n}", "\treturn nil\n}"},

	// HISTLOG.
	{"HISTLOG: its checksum is not compared", "segment/marker.go", "if err := checkSum(b); err != nil {", "if err := error(nil); err != nil {"},
	{"HISTLOG: the digits are part of their checksum", "segment/markersum.go", "copy(b[at:], sumText(b))", "copy(b[at:], sumText(b[:at]))"},
	{"HISTLOG: first_seq is believed where no segment begins", "segment/log.go", "case i > 0:", "case i < 0:"},
	{"HISTLOG: replaced although it contradicts the segments", "segment/log.go", "if l.Conflict != nil {\n\t\treturn l.Conflict", "if false {\n\t\treturn l.Conflict"},
	{"HISTLOG: an edit is accepted with the id of another log", "segment/acceptedit.go", "return l.checkID()", "return nil"},

	// Making a log.
	{"make: the directory's name is not synced", "segment/draft.go", "if err := fsys.SyncDir(parent); err != nil {", "if err := error(nil); err != nil {"},
	{"make: the mark is not synced", "segment/draft.go", "\tif err := w.fs.SyncDir(w.dir); err != nil {\n\t\treturn err\n\t}\n\treturn w.claim", "\treturn w.claim"},
	{"make: the last segment is not synced", "segment/draft.go", "if err := a.file.Sync(); err != nil {", "if err := error(nil); err != nil {"},
	{"make: the last index is not synced", "segment/draft.go", "if err := a.syncIndex(); err != nil {", "if err := error(nil); err != nil {"},
	{"make: full segments are not synced", "segment/bulk.go", "if err = a.file.Sync(); err == nil {", "if err == nil {"},
	{"make: full indexes are not synced", "segment/bulk.go", "err = a.syncIndex()", "err = nil"},
	{"make: HISTLOG before the rest is durable", "segment/draft.go", "\tif err := d.Flush(); err != nil {\n\t\treturn nil, err\n\t}\n\tw := &d.w\n\tif err := w.owned(); err != nil {\n\t\treturn nil, err\n\t}\n\t// A log whose HISTLOG does not say so must not have small indexes at any moment.\n\tif err := d.requireSmall(); err != nil {\n\t\treturn nil, err\n\t}\n\tif err := writeMarker(w.fs, w.dir, w.marker, w.mode); err != nil {\n\t\treturn nil, err\n\t}", "\tw := &d.w\n\tif err := w.owned(); err != nil {\n\t\treturn nil, err\n\t}\n\t// A log whose HISTLOG does not say so must not have small indexes at any moment.\n\tif err := d.requireSmall(); err != nil {\n\t\treturn nil, err\n\t}\n\tif err := writeMarker(w.fs, w.dir, w.marker, w.mode); err != nil {\n\t\treturn nil, err\n\t}\n\tif err := d.Flush(); err != nil {\n\t\treturn nil, err\n\t}"},
	{"make: a draft is removed mark first", "segment/draft.go", "\tfor _, e := range entries {\n\t\tif draftFile(e.Name()) {", "\t_ = fsys.Remove(filepath.Join(dir, draftName))\n\tfor _, e := range entries {\n\t\tif draftFile(e.Name()) {"},
	{"make: what was kept of a source is not synced", "segment/origin.go", "errors.Join(o.Flush(), o.file.Sync(), o.file.Close())", "errors.Join(o.Flush(), o.file.Close())"},
	{"make: no checksums of what was kept", "segment/draft.go", "if err := d.writeSums(); err != nil {", "if err := error(nil); err != nil {"},
	{"make: what was salvaged is not synced", "segment/origin.go", "errors.Join(q.out.Flush(), q.file.Sync(), q.file.Close())", "errors.Join(q.out.Flush(), q.file.Close())"},

	// Reading.
	{"read: a record's checksum", "segment/reader.go", "if crc32.Checksum(text, castagnoli) != e.CRC {", "if crc32.Checksum(text, castagnoli) != e.CRC && len(text) == 0 {"},
	{"read: an index entry's checksum", "segment/index.go", "if le.Uint32(b[28:]) != crc32.Update(h.seed(seq), castagnoli, b[:28]) || Offset", "if Offset"},
	{"read: an index header's checksum", "segment/index.go", "case le.Uint32(b[60:]) != crc32.Checksum(b[:60], castagnoli):", "case false:"},
	{"read: a trailer's checksum", "segment/index.go", " ||\n\t\tle.Uint32(b[60:]) != crc32.Update(h.seed(h.base), castagnoli, b[:60]) {", " {"},
	{"read: entries are not bound to their log", "segment/index.go", "copy(b[:], h.id[:])\n\tle.PutUint64(b[16:]", "le.PutUint64(b[16:]"},
	{"read: lines are not numbered from both ends", "segment/reader.go", "m.number(places - min(r.indexed(), places))", "_ = places"},
	{"read: a compressed file's checksum", "segment/compressed.go", "if sum.Sum32() != c.table.sum {", "if sum.Size() == 0 {"},
	{"read: a frame table that the index contradicts", "segment/compressed.go", "if t != nil && c.reason == \"\" && c.table.size() != t.Plain {", "if t == nil && c.reason == \"\" && c.table.size() != 0 {"},
	{"read: the newest, compressed since it was listed", "segment/text.go", "c <= Gzip && missing(err); c++", "c <= Gzip && missing(err) && s.Sealed; c++"},

	{"read: a trailer of more records than the text holds", "segment/indexfile.go", " && t.Count <= mostRecords(t.Plain)", ""},
	{"read: entries behind a hole are dropped", "segment/indexfile.go", "if le.Uint64(entry) == 0 {\n\t\t\t\tcontinue", "if le.Uint64(entry) == 0 {\n\t\t\t\treturn 0, nil"},
	{"read: entries of what the text has lost are dropped", "segment/indexfile.go", "if err == nil && most < x.count {", "if err == nil && most > x.count {"},
	{"read: a record's length is believed before the file's", "segment/reader.go", "case e.End > r.size: // before", "case e.End > r.size && r.memory == 0: // before"},
	{"read: a context that has ended reads on", "segment/context.go", "func (f boundFile) ReadAt(b []byte, off int64) (int, error) {\n\tif err := f.ctx.Err(); err != nil {", "func (f boundFile) ReadAt(b []byte, off int64) (int, error) {\n\tif err := error(nil); err != nil {"},

	// Repair.
	{"repair: a lost record is not set aside", "segment/mending.go", "name, err := m.setAside(start, min(e.End, max(m.read.size, start)), spaces{e.End - start})", "name, err := \"\", error(nil)"},
	{"repair: written into the segment's file", "segment/mending.go", "m.log.fs.OpenFile(m.temporary, os.O_RDWR|os.O_CREATE|os.O_TRUNC, m.w.mode)", "m.log.fs.OpenFile(m.read.segment.Path, os.O_RDWR, m.w.mode)"},
	{"repair: the new text is not synced", "segment/mending.go", "if err := m.text.Datasync(); err != nil {", "if err := error(nil); err != nil {"},
	{"repair: excess of a compressed file is dropped", "segment/mending.go", "if flaw, err := m.read.text.flaw(); flaw == \"\" || err != nil {", "if flaw, err := m.read.text.flaw(); flaw != \"?\" || err != nil {"},
	{"repair: the compressed file goes before a plain one is there", "segment/repair.go", "\t\tif err := r.log.fs.Rename(m.temporary, plain.Path); err != nil {", "\t\tif m.expands() {\n\t\t\tif err := r.log.removeFile(read.segment.Path); err != nil {\n\t\t\t\treturn err\n\t\t\t}\n\t\t}\n\t\tif err := r.log.fs.Rename(m.temporary, plain.Path); err != nil {"},
	{"repair: the compressed file is not set aside", "segment/mending.go", "if m.aside == \"\" {", "if m.aside == \"-\" {"},
	{"repair: what another file has is not looked for", "segment/mending.go", "\tif copied != nil {", "\tif copied != nil && seq == 0 {"},

	{"repair: the index is not synced", "segment/indexwriter.go", "err = w.file.Sync() //", "err = nil //"},
	{"repair: the names of text and index are not synced", "segment/indexwriter.go", "if err := w.log.fs.SyncDir(w.log.Dir); err != nil {", "if err := error(nil); err != nil {"},
	{"repair: the small index stays", "segment/indexwriter.go", "return w.log.removeFile(small)", "return nil"},
	{"repair: the index of a foreign segment goes first", "segment/expel.go", "[]string{TextName(base), Zstd.TextName(base), Gzip.TextName(base), IndexName(base), SmallIndexName(base)}", "[]string{IndexName(base), TextName(base), Zstd.TextName(base), Gzip.TextName(base)}"},
	{"repair: a foreign segment is removed before it is in quarantine", "segment/expel.go", "if err == nil && info.Size() > 0 {", "if err == nil && info.Size() < 0 {"},
	{"recover: a foreign segment is appended to", "segment/open.go", "if reason != \"\" { // appending", "if reason == \"?\" { // appending"},
	{"read: another log's segment is shown", "segment/foreign.go", "case bound && h.id != l.Marker.ID:\n\t\treturn \"not", "case h.base == 0:\n\t\treturn \"not"},
	{"read: a segment behind a gap is shown", "segment/foreign.go", "ok && next != s.Base {", "ok && next == 0 {"},
	{"retire: another log's segment goes too", "segment/upkeep.go", "case ours && base < first && !l.isForeign(base):", "case ours && base < first:"},

	// Compressing.
	{"compress: the file is not synced", "segment/packing.go", "if err := f.Sync(); err != nil {", "if err := error(nil); err != nil {"},
	{"compress: its name is not synced", "segment/copies.go", "\tif err == nil {\n\t\terr = l.fs.SyncDir(l.Dir)\n\t}\n\tslices.Reverse", "\tslices.Reverse"},
	{"compress: the name before the bytes are proven", "segment/compress.go", "\tif err = r.pack(ctx, l, temporary, codec, mode); err == nil && s.Copy {\n\t\terr = l.setAsideOthers(s, mode)\n\t}\n\tif err == nil {\n\t\terr = l.fs.Rename(temporary, l.path(name))\n\t}", "\tif err = r.pack(ctx, l, l.path(name), codec, mode); err == nil && s.Copy {\n\t\terr = l.setAsideOthers(s, mode)\n\t}"},
	{"compress: what was compressed is not read back", "segment/packing.go", "\tif err := r.prove(ctx, packed, nil); errors.Is(err, ErrCorrupt) { // which the segment is not\n\t\treturn fmt.Errorf(\"what was compressed differs: %v\", err)\n\t} else if err != nil {\n\t\treturn err\n\t}\n\tflaw, err := packed.flaw() // of what other programs look at\n\tif err == nil && flaw != \"\" {\n\t\terr = fmt.Errorf(\"what was compressed differs: %s\", flaw)\n\t}\n\treturn err\n", "\treturn nil\n"},
	{"compress: what other programs look at is not compared", "segment/packing.go", "if err == nil && flaw != \"\" {", "if err == nil && flaw == \"?\" {"},
	{"compress: checksums are not compared", "segment/prove.go", "if crc != e.CRC {", "if crc == 0 && e.CRC == 1 {"},
	{"compress: what follows the last record is not looked at", "segment/prove.go", "if r.size != at || sum", "if sum"},
	{"compress: an unfinished one is believed unproven", "segment/compress.go", "\tif err := r.whole(ctx); err != nil {\n\t\treturn c, err\n\t}\n\tif err := l.syncFile", "\tif err := l.syncFile"},
	{"compress: an unfinished one that is damaged stays", "segment/compress.go", "if c, done, err := l.finishCompress(ctx, s); done || err != nil {", "if c, _, err := l.finishCompress(ctx, s); true {"},
	{"compress: what is replaced is not set aside", "segment/compress.go", "err == nil && s.Copy {\n\t\terr = l.setAsideOthers", "err == nil && s.Codec == Zstd {\n\t\terr = l.setAsideOthers"},
	{"compress: what failed stays", "segment/compress.go", "return c, errors.Join(compressError(r.segment, err), removeIfThere(l.fs, temporary))", "return c, compressError(r.segment, err)"},
	{"compress: a killed one's file stays", "segment/upkeep.go", "\t\t\ttemporary = append(temporary, e.Name())", "\t\t\t_ = temporary"},
	{"small index: not synced", "segment/shrink.go", "if err := f.Sync(); err != nil { // or", "if err := error(nil); err != nil { // or"},
	{"small index: its name is not synced before the plain one goes", "segment/shrink.go", "\tif err := l.fs.SyncDir(l.Dir); err != nil {\n\t\treturn Change{}, compressError(s, err)\n\t}\n\tif err := l.removeFile", "\tif err := l.removeFile"},
	{"small index: HISTLOG does not require it", "segment/shrink.go", "return l.require(needsSmallIndex)", "return nil"},
	{"small index: HISTLOG requires it too late", "segment/compress.go", "\tif err := allowSmall(ctx, dir, base, o); err != nil {\n\t\treturn c, err\n\t}\n\terr = underUpkeep", "\tdefer func() { err = errors.Join(err, allowSmall(ctx, dir, base, o)) }()\n\terr = underUpkeep"},
	{"small index: a draft does not say that it has one", "segment/draft.go", "d.w.marker.Requires = []string{needsSmallIndex}", "_ = needsSmallIndex"},
	{"small index: an archive does not say that it has one", "segment/archive.go", "own.Requires = append(slices.Clip(own.Requires), name)", "_ = name"},
	{"small index: a block's checksum", "segment/smallindex.go", "return crc == p.crc", "return crc == p.crc || true"},
	{"small index: the table's checksum", "segment/smallindex.go", "if !ok || le.Uint32(table[sumAt:]) != crc32.Update(s.parsed.seed(s.parsed.base), castagnoli, table[:sumAt]) ||", "if !ok ||"},
	{"small index: used where the plain one is whole", "segment/indexfile.go", "x != nil && x.ended() {", "x != nil && x.ended() && false {"},
	{"small index: not used where the plain one is torn", "segment/indexfile.go", "if small != nil {\n\t\t\tif x != nil {", "if small != nil && x == nil {\n\t\t\tif x != nil {"},
	{"make: segments are not compressed", "segment/draft.go", "if d.codec == Plain {", "if d.codec >= Plain {"},
	{"make: compressed before the text is durable", "segment/bulk.go", "\t\t\tif err = a.file.Sync(); err == nil {\n\t\t\t\terr = a.writeTrailer()\n\t\t\t}\n", "\t\t\terr = a.writeTrailer()\n"},

	// Retiring.
	{"retire: segments go before HISTLOG says so", "segment/retire.go", "\tif err := l.replaceMarker(m); err != nil {\n\t\treturn fail(fmt.Errorf(\"move first_seq to %d: %w\", m.FirstSeq, err))\n\t}\n\tif err := l.Refresh(); err != nil {\n\t\treturn err\n\t}\n\tif err := l.removeRetired(); err != nil {\n\t\treturn fail(err)\n\t}\n", "\tl.Marker, l.Segments = m, l.Segments[len(segments):]\n\tif err := l.removeRetired(); err != nil {\n\t\treturn fail(err)\n\t}\n\tif err := l.replaceMarker(m); err != nil {\n\t\treturn fail(fmt.Errorf(\"move first_seq to %d: %w\", m.FirstSeq, err))\n\t}\n"},
	{"retire: whoever goes on after a kill does not sync", "segment/upkeep.go", "if err == nil && len(retired) > 0 {", "if err == nil && len(retired) < 0 {"},
	{"retire: damage goes too", "segment/retire.go", "\tif err := r.whole(ctx); err != nil {\n\t\treturn c, s, err\n\t}\n", ""},
	{"retire: what is behind damage goes", "segment/retire.go", "\t\t\t\tsegments = segments[:i]\n\t\t\t\tbreak", "\t\t\t\tsegments = segments[:max(i, len(segments))]\n\t\t\t\tbreak"},
	{"retire: a beginning that is missing is passed over", "segment/retire.go", "if first := l.Segments[0].Base; first > l.Marker.FirstSeq {", "if first := l.Segments[0].Base; first == 0 {"},
	{"retire: what a killed run has left stays", "compactor/run.go", "if err := segment.Sweep(ctx, dir, o.Options); err != nil {", "if err := error(nil); err != nil {"},
	{"retire: seen as damage by who has an old listing", "segment/text.go", "s.Base < m.FirstSeq && l.Conflict == nil {", "s.Base == 0 && l.Conflict == nil {"},
	{"retire: an index that went is made anew", "segment/reader.go", "if r.index == nil {\n\t\tif err := l.whyMissing(s); errors", "if r.index == nil {\n\t\tif err := error(nil); errors"},
	{"retire: seen as damage where the newest went", "segment/log.go", "if l.Segments[len(l.Segments)-1].Base == last.Base {", "if len(l.Segments) > 0 {"},

	// Archiving.
	{"archive: names are not synced", "segment/archive.go", "\treturn a.from.fs.SyncDir(a.dir)\n}", "\treturn nil\n}"},
	{"archive: the copy is not read back", "segment/archive.go", "\t_, _, err = copied.sound(ctx, there)\n\treturn err", "\t_, err = copied, ctx.Err()\n\treturn err"},
	{"archive: a segment before its index", "segment/archive.go", "[]string{index, s.Path}", "[]string{s.Path, index}"},
	{"archive: written under its name", "segment/copyfile.go", "temporary := filepath.Join(filepath.Dir(to), \".\"+filepath.Base(to)+\".tmp\")", "temporary := to"},
	{"archive: HISTLOG before the segment", "segment/archive.go", "\tif err := a.copy(ctx, s); err != nil {\n\t\treturn err\n\t}\n\tif err := writeMarker(fsys, a.dir, a.marker(s.Base), mode); err != nil {\n\t\treturn err\n\t}\n", "\tif err := writeMarker(fsys, a.dir, a.marker(s.Base), mode); err != nil {\n\t\treturn err\n\t}\n\tif err := a.copy(ctx, s); err != nil {\n\t\treturn err\n\t}\n"},
	{"archive: its mark is not synced", "segment/archive.go", "\tif err := fsys.SyncDir(a.dir); err != nil {\n\t\treturn err\n\t}\n\tif err := a.copy", "\tif err := a.copy"},
	{"archive: its mark stays", "segment/archive.go", "\tif err := endDraft(a.from.fs, a.dir); err != nil {\n\t\treturn err\n\t}\n", ""},
	{"archive: a directory that a killed one made is not synced", "segment/draft.go", "if err := fsys.SyncDir(parent); !errors.Is(err, fs.ErrPermission) {", "if err := error(nil); err != nil {"},
	{"archive: another log's is taken", "segment/archiveplace.go", "archive.Marker.Role != roleArchive || archive.Marker.ID != l.Marker.ID", "archive.Marker.Role != roleArchive"},
	{"archive: a log is taken for one", "segment/archiveplace.go", "archive.Marker.Role != roleArchive || archive.Marker.ID != l.Marker.ID", "archive.Marker.ID != l.Marker.ID"},
	{"archive: a gap is let in", "segment/archive.go", "if s.Base != last.Base && s.Base != last.Next {", "if s.Base < last.Base {"},
	{"archive: another copy's segment is overwritten", "segment/archive.go", "if s.Base == last.Base {\n\t\tif err", "if s.Base == 0 {\n\t\tif err"},
	{"archive: in the log itself", "segment/archiveplace.go", "case l.fs.SameFile(own, info):", "case own == nil:"},
	{"archive: a new one that failed stays", "segment/archive.go", "err = errors.Join(err, a.discard())", "err = errors.Join(err)"},

	// What a power cut leaves, before recovery.
	{"verify: what a power cut left is damage", "segment/firm.go", "return k >= synced, k >= durable, err", "return false, false, err"},
	{"verify: rot of what was synced is taken for a power cut's", "segment/firm.go", "return k >= synced, k >= durable, err", "return k >= synced || true, k >= durable || true, err"},
	{"read: records that a power cut took are counted", "segment/firm.go", "e.Flags&Durable == 0 && e.End > size", "e.Flags&Durable == 0 && e.End < 0"},
	{"check: a new index that is torn is damage", "segment/firm.go", "return synced == 0, err", "return synced == 1<<63, err"},

	// Edges.
	{"roll: the last arrival is taken for the greatest", "segment/index.go", "max(t.GreatestArrival, arrived)", "arrived"},
	{"read: arrivals are signed", "segment/index.go", "time.Unix(int64(le.Uint32(b[16:])), 0)", "time.Unix(int64(int32(le.Uint32(b[16:]))), 0)"},
	{"archive: time rules are not taken over", "segment/archive.go", "if err := l.follow(a.from.Marker); err != nil {", "if err := error(nil); err != nil {"},
	{"make: a segment rolls at exactly segment-size", "segment/draft.go", "int64(len(compact))+1 > w.policy.SegmentSize {", "int64(len(compact))+1 >= w.policy.SegmentSize {"},
	{"read: a directory is listed once", "segment/log.go", "if n > 0 && slices.Equal(before, segments) {", "if n == 0 || slices.Equal(before, segments) {"},
	{"upkeep: UPKEEP is given up before HISTLOG", "segment/upkeep.go", "errors.Join(second(), first())", "errors.Join(first(), second())"},
	{"compress: the plain file goes first", "segment/copies.go", "\tslices.Reverse(others)\n", "\t_ = slices.Reverse[[]Segment]\n"},
	{"compress: an unfinished one is not synced", "segment/compress.go", "if err := l.syncFile(s.Path); err != nil {", "if err := error(nil); err != nil {"},
	{"upkeep: a temporary HISTLOG stays", "segment/upkeep.go", ", e.Name() == \".\"+markerName+\".tmp\":", ":"},

	// Snapshots.
	{"snapshot: segments may be removed meanwhile", "segment/snapshot.go", "\tdefer func() { err = errors.Join(err, release()) }()\n\tif err := l.Refresh()", "\tif err := release(); err != nil {\n\t\treturn done, err\n\t}\n\tif err := l.Refresh()"},
	{"snapshot: what was done while it waited is not seen", "segment/snapshot.go", "\tif err := l.Refresh(); err != nil { // what was done while this one waited\n\t\treturn done, err\n\t}\n", ""},
	{"snapshot: into the log", "segment/snapshot.go", "\tif in {\n", "\tif in && err != nil {\n"},
	{"snapshot: others may read it", "segment/snapshot.go", "info.Mode().Perm()|0o700", "info.Mode().Perm()|0o755"},
	{"snapshot: the active segment is shared", "segment/snapshot.go", "if !from.Sealed && from.Codec == Plain {\n\t\ttake = s.active", "if !from.Sealed && from.Codec == Gzip {\n\t\ttake = s.active"},
	{"snapshot: copies are not read back", "segment/snapshot.go", "\tif !copied {\n", "\tif !copied || s.total >= 0 {\n"},
	{"snapshot: the active copy is not compared", "segment/snapshotactive.go", "_, _, err := r.proveEach(ctx, r.text, nil)", "_, err := r, ctx.Err()"},
	{"snapshot: names in folders are not synced", "segment/snapshot.go", "return w.fs.SyncDir(filepath.Join(w.dir, folder))", "return nil"},
	{"snapshot: indexes of what is gone are left out", "segment/snapshot.go", "\tif err := s.strays(ctx); err != nil {\n\t\treturn err\n\t}\n", ""},
	{"snapshot: what was acknowledged a moment ago is left out", "segment/snapshotactive.go", "end >= min(wanted, r.size)", "end >= min(wanted, 0)"},
	{"snapshot: what a killed writer left is left out", "segment/snapshotactive.go", "err = copyTo(text, from, int64(end), int64(r.size))", "err = ctx.Err()"},
	{"snapshot: what failed stays", "segment/snapshot.go", "fmt.Errorf(\"snapshot of %s: %w\", dir, err), d.Discard())", "fmt.Errorf(\"snapshot of %s: %w\", dir, err))"},

	// One at a time.
	{"upkeep: HISTLOG is not locked", "segment/upkeep.go", "second, err := acquire(ctx, l.fs, path, upkeepWait)", "second, err := func() error { return nil }, error(nil)"},
	{"lock: another's LOCK is not noticed", "segment/writer.go", "\t\terr = w.owned()\n", "\t\terr = nil\n"},
	{"lock: LOCK is not claimed", "segment/open.go", "if err := w.claim(ctx, o.Command); err != nil {", "if err := error(nil); err != nil {"},
	{"lock: LOCK stays when a poisoned writer is closed", "segment/writer.go", "\tw.disclaim()\n", "\tif w.err == nil {\n\t\tw.disclaim()\n\t}\n"},
	{"lock: a process that LOCK names is not waited for", "segment/lock.go", "if err == nil && h.life() == alive && h.wrote(fsys, dir) {", "if err == nil && h.life() > unknown {"},
	{"lock: a copy of LOCK is believed", "segment/lock.go", " && h.wrote(fsys, dir) {", " {"},
	{"lock: one that is dead and not yet waited for counts as alive", "segment/process_linux.go", "|| bytes.ContainsAny(fields[state], \"ZXx\")", "|| bytes.ContainsAny(fields[state], \"x\")"},
	{"lock: taken past those that wait", "segment/lock.go", "if wait == 0 || !isAwaited(fsys, dir) {", "if true {"},
	{"make: a draft that another one has cleared is published", "segment/draft.go", "\tif err := w.owned(); err != nil {\n\t\treturn nil, err\n\t}\n", ""},
	{"read: HISTLOG missing beside segments is believed at once", "segment/marker.go", "const looks = 3", "const looks = 1"},
	{"lock: on what the name led to once", "segment/fs_unix.go", "err != nil || !os.SameFile(held, now) {", "err != nil && held == now {"},

	// The file system.
	{"probe: locks are not tried", "segment/probe.go", "\tif ok {\n", "\tif ok && err != nil {\n"},
	{"probe: fsync is not tried", "segment/probe.go", "err = writeFile(fsys, name, []byte(\"probe\"), mode)", "return nil"},
}
