package main

// A mutant is one change of the code that must not go unnoticed.
type mutant struct {
	name, file string
	old, new   string // old stands in the file once
}

var mutants = []mutant{
	// Records.
	{"append: no fdatasync", "segment/commit.go", "a.file.Datasync(); err != nil {\n\t\treturn w.poison(w.diskError(\"sync\", a.path, err))\n\t}\n\tfor i", "error(nil); a == nil {\n\t\treturn err\n\t}\n\tfor i"},
	{"append: index entry before fdatasync", "segment/commit.go", "\ta := w.active\n\tif err := a.file.Datasync(); err != nil {\n\t\treturn w.poison(w.diskError(\"sync\", a.path, err))\n\t}\n\tfor i := range w.pending {\n\t\tw.pending[i].Flags |= Durable\n\t}\n\treturn w.enter()", "\ta := w.active\n\tfor i := range w.pending {\n\t\tw.pending[i].Flags |= Durable\n\t}\n\tif err := w.enter(); err != nil {\n\t\treturn err\n\t}\n\tif err := a.file.Datasync(); err != nil {\n\t\treturn w.poison(w.diskError(\"sync\", a.path, err))\n\t}\n\treturn nil"},
	{"append: a failed sync does not poison", "segment/commit.go", "return w.poison(w.diskError(\"sync\", a.path, err))\n\t}\n\tfor i", "return w.takeBack(w.diskError(\"sync\", a.path, err))\n\t}\n\tfor i"},
	{"append: segment not looked at after the sync", "segment/commit.go", "if err := w.intact(); err != nil {\n\t\treturn err\n\t}\n\tif err := a.enter", "if err := a.enter"},
	{"append: a failed write is not taken back", "segment/commit.go", "return w.takeBack(w.diskError(\"append to\", a.path, err))", "return w.diskError(\"append to\", a.path, err)"},
	{"append: a failed group is acknowledged later", "segment/commit.go", "\t\t\tw.failed = err // which", "\t\t\t_ = err // which"},
	{"append: groups are not noted", "segment/commit.go", "if w.policy.Sync.Mode == SyncAlways && len(w.pending) == 1 {", "if w.policy.Sync.Mode == SyncAlways {"},
	{"append: the note is not synced", "segment/commit.go", "if err := a.index.Sync(); err != nil {", "if err := error(nil); err != nil {"},
	{"close under none: no fdatasync", "segment/commit.go", "\tif err := a.file.Datasync(); err != nil {\n\t\treturn w.poison(w.diskError(\"sync\", a.path, err))\n\t}\n\treturn w.diskError", "\treturn w.diskError"},
	{"index: entries that failed stay", "segment/active.go", "if e := a.cutIndex(); e != nil {", "if e := error(nil); e != nil {"},
	{"index: cut without a sync", "segment/active.go", "\tif err := a.index.Truncate(end); err != nil {\n\t\treturn err\n\t}\n\treturn a.index.Datasync()", "\treturn a.index.Truncate(end)"},

	// Rolling.
	{"roll: the segment is not synced", "segment/roll.go", "if err := old.file.Sync(); err != nil {", "if err := error(nil); err != nil {"},
	{"roll: the index is not synced", "segment/roll.go", "if err := old.syncIndex(); err != nil {", "if err := error(nil); err != nil {"},
	{"roll: no trailer", "segment/roll.go", "if err := old.writeTrailer(); err != nil {", "if err := error(nil); err != nil {"},
	{"roll: the directory is not synced", "segment/active.go", "\tif a.identity, err = a.file.Stat(); err == nil {\n\t\terr = fsys.SyncDir(dir)\n\t}", "\ta.identity, err = a.file.Stat()"},
	{"roll: the segment before its index", "segment/active.go", "\tif a.index, err = fsys.OpenFile(a.indexPath, os.O_RDWR|os.O_CREATE|os.O_TRUNC, mode); err != nil {\n\t\treturn nil, err\n\t}", "\tif a.file, err = fsys.OpenFile(a.path, os.O_RDWR|os.O_CREATE, mode); err != nil {\n\t\treturn nil, err\n\t}\n\tif a.index, err = fsys.OpenFile(a.indexPath, os.O_RDWR|os.O_CREATE|os.O_TRUNC, mode); err != nil {\n\t\treturn nil, err\n\t}"},

	// Recovery.
	{"recover: names are not made durable", "segment/recover.go", "err = w.fs.SyncDir(w.dir)\n\t}\n\tif err != nil {\n\t\treturn false, err\n\t}\n\ta.count", "err = nil\n\t}\n\tif err != nil {\n\t\treturn false, err\n\t}\n\ta.count"},
	{"recover: HISTLOG's name is not made durable", "segment/draft.go", "return errors.Join(fsys.SyncDir(dir), fsys.Remove(mark))", "return fsys.Remove(mark)"},
	{"recover: records are synced and not written again", "segment/recover.go", "if _, err := a.file.WriteAt(b, int64(at)); err != nil {", "if err := error(nil); err != nil {"},
	{"recover: records are written again and not synced", "segment/recover.go", "return a.file.Datasync()\n}\n\n// cutTail", "return nil\n}\n\n// cutTail"},
	{"recover: entries are not written again", "segment/recover.go", "\tif _, err := a.index.WriteAt(b, from); err != nil {\n\t\treturn err\n\t}\n\ta.unsynced", "\ta.unsynced"},
	{"recover: records are believed without their checksums", "segment/recover.go", "return crc32.Checksum(b, castagnoli) == e.CRC, nil", "return crc32.Checksum(b, castagnoli) == e.CRC || true, nil"},
	{"recover: entries before the last are not looked at", "segment/recover.go", "k > 0 && (durable == 0 || synced == 0)", "k > 0 && durable == 0"},
	{"recover: the tail is not set aside", "segment/recover.go", "name, err := quarantineRange(w.fs, w.dir, a.header.base, a.file, a.end, a.written, w.mode)", "name, err := \"\", error(nil)"},
	{"recover: the cut is not synced", "segment/recover.go", "return errors.Join(a.takeBack(), a.file.Datasync())", "return a.takeBack()"},
	{"recover: damage is not remembered", "segment/recover.go", "if err := w.flag(headerDamaged); err != nil {", "if err := error(nil); err != nil {"},

	// Small files.
	{"replace: the file is not synced", "segment/fs.go", "\treturn f.Sync()\n}", "\treturn nil\n}"},
	{"replace: the directory is not synced", "segment/fs.go", "\treturn fsys.SyncDir(dir)\n}", "\treturn nil\n}"},
	{"replace: written in place", "segment/fs.go", "temporary := filepath.Join(dir, \".\"+filepath.Base(name)+\".tmp\")", "temporary := name"},
	{"quarantine: the copy is not synced", "segment/quarantine.go", "return out.Sync()", "return nil"},
	{"quarantine: its name is not synced", "segment/quarantine.go", "err = fsys.SyncDir(folder)", "err = nil"},
	{"quarantine: the folder's name is not synced", "segment/quarantine.go", "\treturn fsys.SyncDir(parent)\n}", "\treturn nil\n}"},

	// Making a log.
	{"make: the directory's name is not synced", "segment/draft.go", "if err := fsys.SyncDir(filepath.Dir(filepath.Clean(dir))); err != nil {", "if err := error(nil); err != nil {"},
	{"make: the mark is not synced", "segment/draft.go", "\tif err := w.fs.SyncDir(w.dir); err != nil {\n\t\treturn err\n\t}\n\tw.active, err", "\tw.active, err"},
	{"make: the last segment is not synced", "segment/draft.go", "if err := a.file.Sync(); err != nil {", "if err := error(nil); err != nil {"},
	{"make: the last index is not synced", "segment/draft.go", "if err := a.syncIndex(); err != nil {", "if err := error(nil); err != nil {"},
	{"make: full segments are not synced", "segment/bulk.go", "if err = a.file.Sync(); err == nil {", "if err == nil {"},
	{"make: full indexes are not synced", "segment/bulk.go", "err = a.syncIndex()", "err = nil"},
	{"make: HISTLOG before the rest is durable", "segment/draft.go", "\tif err := d.Flush(); err != nil {\n\t\treturn nil, err\n\t}\n\tw := &d.w\n\tif err := writeMarker(w.fs, w.dir, w.marker, w.mode); err != nil {\n\t\treturn nil, err\n\t}", "\tw := &d.w\n\tif err := writeMarker(w.fs, w.dir, w.marker, w.mode); err != nil {\n\t\treturn nil, err\n\t}\n\tif err := d.Flush(); err != nil {\n\t\treturn nil, err\n\t}"},
	{"make: a draft is removed mark first", "segment/draft.go", "\tfor _, e := range entries {\n\t\tif draftFile(e.Name()) {", "\t_ = fsys.Remove(filepath.Join(dir, draftName))\n\tfor _, e := range entries {\n\t\tif draftFile(e.Name()) {"},
	{"make: what was kept of a source is not synced", "segment/origin.go", "errors.Join(o.Flush(), o.file.Sync(), o.file.Close())", "errors.Join(o.Flush(), o.file.Close())"},
	{"make: what was salvaged is not synced", "segment/origin.go", "errors.Join(q.out.Flush(), q.file.Sync(), q.file.Close())", "errors.Join(q.out.Flush(), q.file.Close())"},

	// Reading.
	{"read: a record's checksum", "segment/reader.go", "if crc32.Checksum(text, castagnoli) != e.CRC {", "if len(text) == 0 {"},
	{"read: an index entry's checksum", "segment/index.go", "if le.Uint32(b[28:]) != crc32.Update(h.seed(seq), castagnoli, b[:28]) || Offset", "if Offset"},
	{"read: an index header's checksum", "segment/index.go", "case le.Uint32(b[60:]) != crc32.Checksum(b[:60], castagnoli):", "case false:"},
	{"read: a trailer's checksum", "segment/index.go", " ||\n\t\tle.Uint32(b[60:]) != crc32.Update(h.seed(h.base), castagnoli, b[:60]) {", " {"},
	{"read: entries are not bound to their log", "segment/index.go", "copy(b[:], h.id[:])\n\tle.PutUint64(b[16:]", "le.PutUint64(b[16:]"},
	{"read: lines are not numbered from both ends", "segment/reader.go", "r.made = renumber(r.made, min(from, r.size), r.size, places)", "_ = places"},

	// Repair.
	{"repair: blanked before it is set aside", "segment/mending.go", "\tname, err := m.setAside(start, min(e.End, max(m.read.size, start)), spaces)", "\tif _, err := m.text.WriteAt(spaces, int64(start)); err != nil {\n\t\treturn err\n\t}\n\tname, err := m.setAside(start, min(e.End, max(m.read.size, start)), spaces)"},
	{"repair: the blank is not synced", "segment/repair.go", "if err := text.Datasync(); err != nil {", "if err := error(nil); err != nil {"},

	// One at a time.
	{"upkeep: HISTLOG is not locked", "segment/upkeep.go", "second, err := acquire(context.Background(), l.fs, path, upkeepWait)", "second, err := func() error { return nil }, error(nil)"},
	{"lock: on what the name led to once", "segment/fs_unix.go", "err != nil || !os.SameFile(held, now) {", "err != nil && held == now {"},

	// The file system.
	{"probe: locks are not tried", "segment/probe.go", "\tif ok {\n", "\tif ok && err != nil {\n"},
	{"probe: fsync is not tried", "segment/probe.go", "err = writeFile(fsys, name, []byte(\"probe\"), mode)", "return nil"},
}
