package survival

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/histlog/histlog/internal/faultfs"
	"github.com/histlog/histlog/migrate"
	"github.com/histlog/histlog/segment"
)

// A scenario is something that changes a log's files.
type scenario struct {
	name    string
	prepare func(r *run) // what is on the disk before; nil: nothing
	act     func(r *run) // under test; on an error it gives up, as a program would
}

// scenarios is the table that every new way to change a log joins.
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
	{"groups and what is taken back", created, func(r *run) {
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
		r.next = "always"
	}, func(r *run) {
		r.open()
		r.group(3) // over a roll
		r.group(4)
		r.close()
	}},
	{"recover without an index under another policy", func(r *run) {
		created(r)
		r.must(r.disk.Remove(r.dir + "/" + segment.IndexName(1)))
		r.harmed = true
		r.must(r.disk.SyncDir(r.dir))
		r.next = "always"
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
	{"recover", killedIn(3, func(r *run) { r.group(2) }), reopen},
	{"recover without an index", func(r *run) {
		created(r)
		r.open()
		r.append(3)
		r.close()
		r.must(r.disk.Remove(r.dir + "/" + segment.IndexName(1)))
		r.harmed = true
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
		r.rot(2, 30)
		r.rot(3, 7)
	}, func(r *run) {
		_, err := segment.Repair(context.Background(), r.dir, r.options())
		r.isMended = !r.failed(err)
	}},
	{"repair beside a segment of another log", func(r *run) {
		filled(r)
		r.foreign(7)
	}, func(r *run) {
		r.finish = func(r *run) {
			done, err := segment.Repair(context.Background(), r.dir, r.options())
			r.isMended = !r.failed(err) && len(done.Repaired) > 0
		}
		r.finish(r)
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
		r.finish = func(r *run) { r.compress(segment.Gzip) }
		r.finish(r)
	}},
	{"compress by zstd", filled, func(r *run) {
		r.finish = func(r *run) { r.compress(segment.Zstd) }
		r.finish(r)
	}},
	{"compress many records", many, func(r *run) {
		r.finish = func(r *run) { r.compress(segment.Zstd) }
		r.finish(r)
	}},
	{"archive a small index", func(r *run) {
		many(r)
		r.compress(segment.Zstd)
	}, func(r *run) {
		r.archive = "/archive"
		r.finish = func(r *run) {
			_, err := segment.Archive(context.Background(), r.dir, r.archive, manyRecords, r.options())
			r.failed(err)
		}
		r.finish(r)
	}},
	{"repair what is compressed", func(r *run) {
		filled(r)
		r.compress(segment.Gzip)
		r.spoil(2)
	}, func(r *run) {
		_, err := segment.Repair(context.Background(), r.dir, r.options())
		r.isMended = !r.failed(err)
	}},
	{"retire", filled, func(r *run) {
		r.retired = 3
		r.finish = func(r *run) {
			_, err := segment.Retire(context.Background(), r.dir, r.retired, r.options())
			r.failed(err)
		}
		r.finish(r)
	}},
	{"archive", func(r *run) {
		filled(r)
		reopen(r)
		reopen(r)
	}, func(r *run) {
		r.archive = "/archive"
		r.finish = func(r *run) {
			_, err := segment.Archive(context.Background(), r.dir, r.archive, 9, r.options())
			r.failed(err)
		}
		r.finish(r)
	}},
	{"snapshot", filled, func(r *run) { r.copies() }},
	{"snapshot by copying", func(r *run) {
		r.disk.NoLinks()
		filled(r)
		r.compress(segment.Gzip)
	}, func(r *run) { r.copies() }},
	{"snapshot of what was killed", killedIn(3, func(r *run) { r.group(2) }), func(r *run) { r.copies() }},
	{"snapshot of a migrated log", func(r *run) {
		r.migrate(segment.Plain)
		r.rot(2, 30)
		_, err := segment.Repair(context.Background(), r.dir, r.options())
		r.must(err)
		r.lasts()
	}, func(r *run) { r.copies() }},
	{"append to what a snapshot shares", func(r *run) {
		filled(r)
		r.copies()
		newest := r.acks[len(r.acks)-1].Segment
		base := segment.Sequence(0)
		for ; r.acks[len(r.acks)-1].Segment == newest; r.acks = r.acks[:len(r.acks)-1] {
			base = r.acks[len(r.acks)-1].Seq
		}
		r.must(r.disk.Remove(r.dir + "/" + segment.TextName(base)))
		r.must(r.disk.Remove(r.dir + "/" + segment.IndexName(base)))
		r.must(r.disk.SyncDir(r.dir))
		r.finish = nil
		r.lasts()
	}, reopen},
	{"migrate and compress", nil, func(r *run) { r.migrate(segment.Gzip) }},
	{"migrate", nil, func(r *run) { r.migrate(segment.Plain) }},
	{"migrate with white space of its own", nil, func(r *run) { r.migrateOdd() }},
	{"make in bulk", nil, func(r *run) {
		d, err := segment.NewDraft(r.dir, r.options())
		if r.failed(err) {
			return
		}
		for range 5 {
			r.failed(d.Write([]byte(r.submit(0)), nil))
		}
		r.failed(d.Flush())
		_ = d.Flush() // once more, as if it were nothing
		if err := d.Publish(); err != nil {
			r.failed(err)
			r.failed(d.Discard())
			return
		}
		if r.err != nil {
			r.complain("published after %v", r.err)
		}
		for i, text := range r.submitted {
			r.acknowledge(segment.Ack{Seq: segment.Sequence(i + 1), Durable: true}, text)
		}
	}},
	{"salvage", nil, func(r *run) {
		l := strings.Repeat(" ", 20)
		r.kept = []string{l}
		d, err := segment.NewDraft(r.dir, r.options())
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
}

// lasts makes all that is on the disk durable.
func (r *run) lasts() {
	r.must(r.err)
	n := len(r.disk.Ops())
	*r = *r.after(r.disk.Image(n, func(int, *faultfs.Op) faultfs.Fate { return faultfs.Fate{} }), n)
}

// copies makes a snapshot. A later process makes the
// snapshot if there is none.
func (r *run) copies() {
	r.snapshot, r.snapped = "/copy", r.durableAt(len(r.disk.Ops()))
	r.finish = func(r *run) {
		_, err := segment.Snapshot(context.Background(), r.dir, r.snapshot, nil, r.options())
		if !errors.Is(err, segment.ErrExists) { // which promises nothing
			r.isSnapped = !r.failed(err)
		}
	}
	r.finish(r)
}

// migrate makes a log of a source, and goes on with it.
func (r *run) migrate(codec segment.Codec) {
	r.kept, r.migrated = []string{"[", "]"}, true
	var source strings.Builder
	for range 6 {
		source.WriteString(r.submit(0) + ",")
	}
	_, err := migrate.Run(context.Background(), migrate.Options{
		Source: "-", Stdin: strings.NewReader("[" + strings.TrimSuffix(source.String(), ",") + "]"), Dir: r.dir, FS: r.disk, Settings: r.settings, Compress: codec,
	})
	if r.failed(err) {
		return
	}
	for i, text := range r.submitted {
		r.acknowledge(segment.Ack{Seq: segment.Sequence(i + 1), Durable: true}, text)
	}
	r.open()
	r.append(1)
	r.close()
}

// foreign copies a segment of another log into the log, where its records would
// follow the log's own: without its index nothing would tell them apart.
func (r *run) foreign(records int) {
	other, err := segment.Create("/other", r.options())
	r.must(err)
	for n := range records {
		_, err := other.Append(context.Background(), fmt.Appendf(nil, `{"other":%d,"pad":"%025d"}`, n, n))
		r.must(err)
	}
	r.must(other.Close())
	files := r.disk.Files()
	for _, name := range []string{segment.TextName(6), segment.IndexName(6)} {
		f, err := r.disk.OpenFile(r.dir+"/"+name, os.O_RDWR|os.O_CREATE, 0o644)
		r.must(err)
		_, err = f.WriteAt(files["/other/"+name], 0)
		r.must(errors.Join(err, f.Sync(), f.Close()))
	}
	r.must(r.disk.SyncDir(r.dir))
	r.rotten = map[segment.Sequence]string{6: string(files["/other/"+segment.TextName(6)])}
}

// migrateOdd makes a log of a source whose white space follows no pattern, so
// that there is all that origin/ can hold.
func (r *run) migrateOdd() {
	var source strings.Builder
	for i := range 3 {
		source.WriteString(r.submit(0) + strings.Repeat(" ", i) + "\n")
	}
	r.kept, r.migrated = []string{"  \n"}, true
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

// created leaves an empty log.
func created(r *run) {
	r.create()
	r.close()
}

// filled leaves a log of some segments.
func filled(r *run) {
	r.create()
	r.append(5)
	r.close()
}

// manyRecords are so many that the index of the first segment has a small form.
const manyRecords = 200

// many leaves a log whose first segment has many records.
func many(r *run) {
	r.settings["segment-size"] = "8K"
	r.create()
	r.group(manyRecords - 1)
	r.append(1)
	r.close()
}

// reopen is what the next process does: recover, and go on.
func reopen(r *run) {
	r.open()
	r.append(2)
	r.close()
}

// killedIn leaves what a kill leaves that comes before the last write of do,
// after n records, has got its index entry.
func killedIn(n int, do func(*run)) func(*run) {
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
