package survival

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/histlog/histlog/internal/faultfs"
	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/migrate"
	"github.com/histlog/histlog/segment"
)

// A scenario is an operation that changes a log's files.
type scenario struct {
	name    string
	prepare func(r *run) // makes the log before; nil means an empty disk
	act     func(r *run) // the operation under test; it stops at an error, as a program would
}

// scenarios has a row for every way to change a log.
var scenarios = []scenario{
	{"create", nil, func(r *run) {
		r.create()
		r.append(2)
		r.close()
	}},
	{"append over rolls", created, func(r *run) {
		r.open()
		r.append(7)
		r.close()
		r.open()
		r.append(2)
		r.close()
	}},
	{"groups and a rollback", created, func(r *run) {
		r.open()
		r.group(3)
		r.append(1)
		r.rollback(2)
		r.group(4)
		r.close()
	}},
	{"a pair of records of a sector each", func(r *run) {
		r.settings["segment-size"] = "6K"
		created(r)
	}, func(r *run) {
		r.open()
		r.groupOf(2, 700)
		r.close()
	}},
	{"recover under another policy", func(r *run) {
		created(r)
		r.nextSync = "always"
	}, func(r *run) {
		r.open()
		r.group(3) // over a roll
		r.group(4)
		r.close()
	}},
	{"recover without an index under another policy", func(r *run) {
		created(r)
		r.must(r.disk.Remove(r.dir + "/" + filename.Index(1)))
		r.damagedBefore = true
		r.must(r.disk.SyncDir(r.dir))
		r.nextSync = "always"
	}, func(r *run) {
		r.open()
		r.group(3)
		r.close()
	}},
	{"a large record", created, func(r *run) {
		r.open()
		r.appendOf(1500)
		r.append(1)
		r.close()
	}},
	{"groups of many sectors", func(r *run) {
		r.settings["segment-size"] = "6K"
		created(r)
	}, func(r *run) {
		r.open()
		r.groupOf(3, 900)
		r.appendOf(900)
		r.groupOf(3, 900)
		r.close()
	}},
	{"recover", killedBeforeEntry(3, func(r *run) { r.group(2) }), reopen},
	{"recover without an index", func(r *run) {
		created(r)
		r.open()
		r.append(3)
		r.close()
		r.must(r.disk.Remove(r.dir + "/" + filename.Index(1)))
		r.damagedBefore = true
	}, reopen},
	{"configure", filled, func(r *run) {
		_, err := segment.Configure(context.Background(), r.dir, segment.Settings{"segment-size": "1K"}, r.disk)
		r.failed(err)
		r.open()
		r.append(2)
		r.close()
	}},
	{"repair", func(r *run) {
		filled(r)
		r.flipBit(2, 30)
		r.flipBit(3, 7)
	}, func(r *run) {
		_, err := segment.Repair(context.Background(), r.dir, r.options())
		r.repairDone = !r.failed(err)
	}},
	{"repair beside a segment of another log", func(r *run) {
		filled(r)
		r.addForeignSegment(7)
	}, func(r *run) {
		r.retry = func(r *run) {
			done, err := segment.Repair(context.Background(), r.dir, r.options())
			r.repairDone = !r.failed(err) && len(done.Repaired) > 0
		}
		r.retry(r)
	}},
	{"seal", filled, func(r *run) {
		_, err := segment.Seal(context.Background(), r.dir, r.options())
		r.failed(err)
		r.open()
		r.append(1)
		r.close()
		_, err = segment.Seal(context.Background(), r.dir, r.options())
		r.failed(err)
	}},
	{"compress by gzip", filled, func(r *run) {
		r.retry = func(r *run) { r.compress(segment.Gzip) }
		r.retry(r)
	}},
	{"compress by zstd", filled, func(r *run) {
		r.retry = func(r *run) { r.compress(segment.Zstd) }
		r.retry(r)
	}},
	{"compress many records", many, func(r *run) {
		r.retry = func(r *run) { r.compress(segment.Zstd) }
		r.retry(r)
	}},
	{"merge", long, func(r *run) { r.mergeAll(segment.Zstd) }},
	{"merge compressed segments by gzip", func(r *run) {
		long(r)
		r.compress(segment.Gzip)
	}, func(r *run) { r.mergeAll(segment.Gzip) }},
	{"merge lost records", func(r *run) {
		long(r)
		r.flipBit(2, 30)
		_, err := segment.Repair(context.Background(), r.dir, r.options())
		r.must(err)
		r.makeDurable()
	}, func(r *run) { r.mergeAll(segment.Zstd) }},
	{"merge many records", func(r *run) {
		many(r)
		r.compress(segment.Zstd)
		reopen(r)
		_, err := segment.Seal(context.Background(), r.dir, r.options())
		r.must(err)
	}, func(r *run) { r.mergeAll(segment.Zstd) }},
	{"merge after a killed merge", func(r *run) {
		long(r)
		r.mergeAll(segment.Zstd)
		ops := r.disk.Ops()
		for i := len(ops) - 1; i >= 0; i-- {
			if ops[i].Kind == faultfs.Remove && strings.HasSuffix(ops[i].Path, filename.TextSuffix) {
				r.disk, r.retry = r.disk.Killed(i), nil
				return
			}
		}
		panic("no text was removed")
	}, func(r *run) { r.mergeAll(segment.Zstd) }},
	{"archive a merged segment", func(r *run) {
		long(r)
		r.mergeAll(segment.Zstd)
		r.retry = nil
	}, func(r *run) {
		r.archive = "/archive"
		r.retry = func(r *run) {
			_, err := segment.Archive(context.Background(), r.dir, r.archive, 9, r.options())
			r.failed(err)
		}
		r.retry(r)
	}},
	{"restamp a merged segment", func(r *run) {
		r.settings["time-field"] = otherField
		long(r)
		r.mergeAll(segment.Zstd)
	}, func(r *run) { r.restamp() }},
	{"repair a merged segment", func(r *run) {
		long(r)
		r.mergeAll(segment.Zstd)
		r.retry = nil
		r.corruptCompressed(2)
	}, func(r *run) {
		_, err := segment.Repair(context.Background(), r.dir, r.options())
		r.repairDone = !r.failed(err)
	}},
	{"archive a small index", func(r *run) {
		many(r)
		r.compress(segment.Zstd)
	}, func(r *run) {
		r.archive = "/archive"
		r.retry = func(r *run) {
			_, err := segment.Archive(context.Background(), r.dir, r.archive, manyRecords, r.options())
			r.failed(err)
		}
		r.retry(r)
	}},
	{"repair a compressed segment", func(r *run) {
		filled(r)
		r.compress(segment.Gzip)
		r.corruptCompressed(2)
	}, func(r *run) {
		_, err := segment.Repair(context.Background(), r.dir, r.options())
		r.repairDone = !r.failed(err)
	}},
	{"retire", filled, func(r *run) {
		r.retired = 3
		r.retry = func(r *run) {
			_, err := segment.Retire(context.Background(), r.dir, r.retired, r.options())
			r.failed(err)
		}
		r.retry(r)
	}},
	{"archive", func(r *run) {
		filled(r)
		reopen(r)
		reopen(r)
	}, func(r *run) {
		r.archive = "/archive"
		r.retry = func(r *run) {
			_, err := segment.Archive(context.Background(), r.dir, r.archive, 9, r.options())
			r.failed(err)
		}
		r.retry(r)
	}},
	{"snapshot", filled, func(r *run) { r.takeSnapshot() }},
	{"snapshot by copying", func(r *run) {
		r.disk.NoLinks()
		filled(r)
		r.compress(segment.Gzip)
	}, func(r *run) { r.takeSnapshot() }},
	{"snapshot of a killed log", killedBeforeEntry(3, func(r *run) { r.group(2) }), func(r *run) { r.takeSnapshot() }},
	{"snapshot of a migrated log", func(r *run) {
		r.migrate(segment.Plain)
		r.flipBit(2, 30)
		_, err := segment.Repair(context.Background(), r.dir, r.options())
		r.must(err)
		r.makeDurable()
	}, func(r *run) { r.takeSnapshot() }},
	{"append to files shared with a snapshot", func(r *run) {
		// The shared segment has room, so that no roll syncs the directory for it.
		r.settings["segment-size"] = "64K"
		r.create()
		r.append(2)
		r.close()
		_, err := segment.Seal(context.Background(), r.dir, r.options())
		r.must(err)
		reopen(r)
		r.takeSnapshot()
		newest := r.acks[len(r.acks)-1].Segment
		base := segment.Sequence(0)
		for ; r.acks[len(r.acks)-1].Segment == newest; r.acks = r.acks[:len(r.acks)-1] {
			base = r.acks[len(r.acks)-1].Seq
		}
		r.must(r.disk.Remove(r.dir + "/" + filename.Text(uint64(base))))
		r.must(r.disk.Remove(r.dir + "/" + filename.Index(uint64(base))))
		r.must(r.disk.SyncDir(r.dir))
		r.retry = nil
		r.makeDurable()
	}, reopen},
	{"migrate and compress", nil, func(r *run) { r.migrate(segment.Gzip) }},
	{"migrate", nil, func(r *run) { r.migrate(segment.Plain) }},
	{"migrate two sources", nil, func(r *run) { r.migrateSources() }},
	{"migrate files of one record each", nil, func(r *run) { r.migrateFiles() }},
	{"migrate with irregular white space", nil, func(r *run) { r.migrateOddSpace() }},
	{"publish a draft", nil, func(r *run) {
		d, err := segment.NewDraft(context.Background(), r.dir, r.options())
		if r.failed(err) {
			return
		}
		for range 5 {
			r.failed(d.Write([]byte(r.submit(0)), nil))
		}
		r.failed(d.Flush())
		_ = d.Flush() // an error of the first one must still count
		if err := d.Publish(); err != nil {
			r.failed(err)
			r.failed(d.Discard())
			return
		}
		if r.err != nil {
			r.violated("published after %v", r.err)
		}
		for i, text := range r.submitted {
			r.acknowledge(segment.Ack{Seq: segment.Sequence(i + 1), Durable: true}, text)
		}
	}},
	{"salvage", nil, func(r *run) {
		l := strings.Repeat(" ", 20)
		r.wantFiles = []string{l}
		d, err := segment.NewDraft(context.Background(), r.dir, r.options())
		if r.failed(err) {
			return
		}
		q, err := d.CreateQuarantine(7)
		if !r.failed(err) {
			_, err = io.WriteString(q, l)
			r.failed(err)
			r.failed(q.Close())
		}
		r.failed(d.Write([]byte(r.submit(0)), nil))
		if r.err != nil || r.failed(d.Publish()) {
			r.failed(d.Discard())
			return
		}
		r.acknowledge(segment.Ack{Seq: 1, Durable: true}, r.submitted[0])
	}},
	{"restamp", func(r *run) {
		r.settings["time-field"] = otherField
		filled(r)
	}, func(r *run) { r.restamp() }},
	{"restamp a small index", func(r *run) {
		// A segment of just so many records that its index is stored small, and one of one record.
		r.settings["time-field"], r.settings["segment-size"] = otherField, "6700"
		r.create()
		r.group(126)
		r.append(1)
		r.close()
		r.compress(segment.Zstd)
		if r.disk.Files()[r.dir+"/"+filename.SmallIndex(1)] == nil {
			panic("no small index")
		}
	}, func(r *run) { r.restamp() }},
}

// makeDurable makes all that is on the disk durable.
func (r *run) makeDurable() {
	r.must(r.err)
	n := len(r.disk.Ops())
	*r = *r.nextProcess(r.disk.Image(n, func(int, *faultfs.Op) faultfs.Fate { return faultfs.Fate{} }), n)
}

// takeSnapshot makes a snapshot. A later process makes it if there is none.
func (r *run) takeSnapshot() {
	r.snapshot, r.snapshotAcks = "/copy", r.durableAt(len(r.disk.Ops()))
	r.snapshotFiles = r.quarantined(r.dir)
	r.retry = func(r *run) {
		_, err := segment.Snapshot(context.Background(), r.dir, r.snapshot, nil, r.options())
		if !errors.Is(err, segment.ErrExists) { // of an earlier attempt, about which this one promises nothing
			r.snapshotDone = !r.failed(err)
		}
	}
	r.retry(r)
}

// otherField is a time field that no record has, so that all have the time of the clock.
const otherField = "/other"

// restamp reads the times of all records again, at the field that they have.
func (r *run) restamp() {
	r.restamped = true
	r.retry = func(r *run) {
		_, err := segment.Restamp(context.Background(), r.dir, segment.Settings{"time-field": "/timestamp"}, nil, r.options())
		r.failed(err)
	}
	r.retry(r)
}

// migrate makes a log of a source and appends to it.
func (r *run) migrate(codec segment.Codec) {
	r.wantFiles, r.migrated = []string{"[", "]"}, true
	var source strings.Builder
	for range 6 {
		source.WriteString(r.submit(0) + ",")
	}
	r.migrateFrom(migrate.Options{Source: "-", Stdin: strings.NewReader("[" + strings.TrimSuffix(source.String(), ",") + "]"), Compress: codec})
}

// migrateSources makes a log of two sources and appends to it. The records of the first one
// are found by a survey, after its array rows was taken for them: the draft is made twice.
func (r *run) migrateSources() {
	r.wantFiles, r.migrated = []string{"[", "]"}, true
	first := `{"rows":[{}],"history":[` + r.submit(0) + "," + r.submit(0) + `]}`
	second := "[" + r.submit(0) + "," + r.submit(0) + "]"
	names := r.sources(first, second)
	defer os.RemoveAll(filepath.Dir(names[0]))
	r.migrateFrom(migrate.Options{Sources: names})
}

// migrateFiles makes a log of files that are a record each, and appends to it.
func (r *run) migrateFiles() {
	names := r.sources(r.submit(0), r.submit(0), r.submit(0))
	defer os.RemoveAll(filepath.Dir(names[0]))
	var listed strings.Builder
	for i, name := range names {
		fmt.Fprintf(&listed, "{\"file\":%q,\"bytes\":%d}\n", name, len(r.submitted[i]))
	}
	r.wantFiles, r.migrated = []string{listed.String()}, true
	r.migrateFrom(migrate.Options{Sources: names, Each: true})
}

// sources writes texts to files in a directory of their own, which the caller removes.
// Sources are read from the operating system, not from the simulated disk.
func (r *run) sources(texts ...string) (names []string) {
	dir, err := os.MkdirTemp("", "histlog-sources-")
	r.must(err)
	for i, text := range texts {
		names = append(names, filepath.Join(dir, fmt.Sprintf("%d.json", i+1)))
		r.must(os.WriteFile(names[i], []byte(text), 0o644))
	}
	return names
}

// migrateFrom makes a log of the records that were submitted, and appends to it.
func (r *run) migrateFrom(o migrate.Options) {
	o.Dir, o.FS, o.Settings = r.dir, r.disk, r.settings
	if _, err := migrate.Run(context.Background(), o); r.failed(err) {
		return
	}
	for i, text := range r.submitted {
		r.acknowledge(segment.Ack{Seq: segment.Sequence(i + 1), Durable: true}, text)
	}
	r.open()
	r.append(1)
	r.close()
}

// addForeignSegment copies a segment of another log into the log, at the sequence number
// of the next record: only its index shows that it belongs to another log.
func (r *run) addForeignSegment(records int) {
	other, err := segment.Create(context.Background(), "/other", r.options())
	r.must(err)
	for n := range records {
		_, err := other.Append(context.Background(), fmt.Appendf(nil, `{"other":%d,"pad":"%025d"}`, n, n))
		r.must(err)
	}
	r.must(other.Close())
	files := r.disk.Files()
	for _, name := range []string{filename.Text(6), filename.Index(6)} {
		f, err := r.disk.OpenFile(r.dir+"/"+name, os.O_RDWR|os.O_CREATE, 0o644)
		r.must(err)
		_, err = f.WriteAt(files["/other/"+name], 0)
		r.must(errors.Join(err, f.Sync(), f.Close()))
	}
	r.must(r.disk.SyncDir(r.dir))
	r.damaged = map[segment.Sequence]string{6: string(files["/other/"+filename.Text(6)])}
}

// migrateOddSpace makes a log of a source with irregular white space, so that origin/ has
// every file that it can have.
func (r *run) migrateOddSpace() {
	var source strings.Builder
	for i := range 3 {
		source.WriteString(r.submit(0) + strings.Repeat(" ", i) + "\n")
	}
	r.wantFiles, r.migrated = []string{"  \n"}, true
	_, err := migrate.Run(context.Background(), migrate.Options{
		Source: "-", Stdin: strings.NewReader(source.String()), Records: new(segment.Pointer), Dir: r.dir, FS: r.disk, Settings: r.settings,
	})
	if r.failed(err) {
		return
	}
	for i, text := range r.submitted {
		r.acknowledge(segment.Ack{Seq: segment.Sequence(i + 1), Durable: true}, text)
	}
}

// compress compresses every sealed segment.
func (r *run) compress(codec segment.Codec) {
	l, err := segment.OpenContext(context.Background(), r.dir, r.disk)
	if r.failed(err) {
		return
	}
	for _, s := range l.Segments[:len(l.Segments)-1] {
		if _, err := segment.Compress(context.Background(), r.dir, s.Base, codec, r.options()); r.failed(err) {
			return
		}
	}
}

// mergeAll merges all sealed segments.
func (r *run) mergeAll(codec segment.Codec) {
	l, err := segment.OpenContext(context.Background(), r.dir, r.disk)
	if r.failed(err) {
		return
	}
	r.mergeUpTo(l.Segments[len(l.Segments)-1].Base, codec)
}

// mergeUpTo merges the segments of the records before next.
func (r *run) mergeUpTo(next segment.Sequence, codec segment.Codec) {
	r.retry = func(r *run) {
		_, err := segment.Merge(context.Background(), r.dir, 1, next, codec, r.options())
		r.failed(err)
	}
	r.retry(r)
}

// created makes an empty log.
func created(r *run) {
	r.create()
	r.close()
}

// filled makes a log of several segments.
func filled(r *run) {
	r.create()
	r.append(5)
	r.close()
}

// long makes a log of three segments at least.
func long(r *run) {
	filled(r)
	reopen(r)
	reopen(r)
}

// manyRecords is enough for the index of the first segment to be stored small.
const manyRecords = 200

// many makes a log whose first segment has many records.
func many(r *run) {
	r.settings["segment-size"] = "8K"
	r.create()
	r.group(manyRecords - 1)
	r.append(1)
	r.close()
}

// reopen is what the next process does: recover, and append.
func reopen(r *run) {
	r.open()
	r.append(2)
	r.close()
}

// killedBeforeEntry returns a prepare function that makes a log of n records, runs do, and
// kills the process before the first index entry of do is written.
func killedBeforeEntry(n int, do func(*run)) func(*run) {
	return func(r *run) {
		r.create()
		r.append(n)
		before := len(r.disk.Ops())
		do(r)
		ops := r.disk.Ops()
		for i := before; i < len(ops); i++ {
			if strings.HasSuffix(ops[i].Path, ".index") {
				r.disk, r.w, r.acks = r.disk.Killed(i), nil, r.durableAt(i)
				return
			}
		}
		panic(fmt.Sprintf("no index entry among %v", ops[before:]))
	}
}
