package migrate

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

// repeated returns n texts with commas between them. %d in format becomes 1 to n.
func repeated(n int, format string) string {
	all := make([]string, n)
	for i := range all {
		all[i] = strings.ReplaceAll(format, "%d", strconv.Itoa(i+1))
	}
	return strings.Join(all, ",")
}

// days returns n members whose names are dates.
func days(n int, value string) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(`"2025-%02d-%02d":%s`, 1+i/28%12, 1+i%28, value)
	}
	return strings.Join(all, ",")
}

// decided returns what a survey of a text takes for records: the place, or why that is
// undecided, with the candidates.
func (p *place) decided(text string) string {
	p.Helper()
	p.write(text)
	o := p.options(Options{Settings: segment.Settings{}})
	s, err := surveySource(p.Context(), o, o.Accept)
	testutil.NoError(p, err)
	as, err := s.decide()
	if err != nil {
		return "!" + whyUndecided(err)
	}
	return as.location()
}

// TestDecide: what a survey takes for the records, of files as programs and services write
// them.
func TestDecide(t *testing.T) {
	const timed, message = `{"t":"2025-05-01T00:00:00Z","v":%d}`, `{"id":%d,"date":"2025-05-01T00:00:00","text":"hello"}`
	for _, c := range []struct{ name, source, want string }{
		{"nested", `{"status":"ok","data":{"history":[` + repeated(5, timed) + `],"page":1}}`, "/data/history"},
		{"a HAR file", `{"log":{"version":"1.2","pages":[{"id":"p"}],"entries":[` + repeated(30, timed) + `]}}`, "/log/entries"},
		{"Elasticsearch", `{"took":5,"_shards":{"total":5},"hits":{"total":{"value":40},"hits":[` + repeated(9, `{"_id":"%d","_source":{"m":"x"}}`) + `]}}`, "/hits/hits"},
		{"nested in arrays", `[` + repeated(4, `[`+repeated(9, timed)+`]`) + `]`, "/*"},
		{"Telegram", `{"about":"x","chats":{"list":[` + repeated(12, `{"name":"c","id":1234567890,"messages":[`+repeated(30, message)+`]}`) + `]}}`, "/chats/list/*/messages"},
		{"many chats", `{"chats":{"list":[` + repeated(600, `{"name":"c","messages":[`+repeated(9, message)+`]}`) + `]}}`, "/chats/list/*/messages"},
		{"folders without times", `{"a":{"list":[` + repeated(3, `{"list":[`+repeated(50, `{"n":%d}`)+`]}`) + `]}}`, "!several places hold a large part of the source: /a/list (3), /a/list/*/list (150),  (1)"},
		{"records with arrays", `{"a":{"polls":[` + repeated(9, `{"at":"2025-05-01T00:00:00Z","matches":[`+repeated(50, timed)+`]}`) + `]}}`, "/a/polls"},
		{"records with a few parts", `{"a":{"users":[` + repeated(9, `{"parts":[{"n":1},{"n":2}]}`) + `]}}`, "/a/users"},
		{"by date", `{` + days(7, `{"price":1.5,"n":1}`) + `}`, "/*"},
		{"history by date", `{"history":{` + days(7, `{"price":1.5,"n":1}`) + `}}`, "/history/*"},
		{"many dates", `{"history":{` + days(300, `{"price":1.5,"n":{"m":1}}`) + `},"meta":{"a":{"b":1}}}`, "/history/*"},
		{"arrays by date", `{` + days(20, `[`+repeated(5, timed)+`]`) + `}`, "/*"},
		{"scalars by date", `{"rates":{` + days(20, `1.5`) + `}}`, "/rates/*"},
		{"by date, with arrays of objects", `{"forward":{` + days(3, `{"low":1,"samples":[`+repeated(30, timed)+`]}`) + `}}`, "/forward/*"},
		{"dates as digits", `{"20250501":{"a":1},"20250502":{"a":2}}`, "/*"},
		{"dates with a time", `{"2025-05-01T00:00:00Z":{"a":1},"2025-05-01 12:00:00":{"a":2}}`, "/*"},
		{"by name and date", `{"BTC":{` + days(20, `{"o":1}`) + `},"ETH":{` + days(20, `{"o":1}`) + `}}`, "/*/*"},
		{"a series among others", `{"Meta Data":{"1. Information":"x"},"Time Series":{` + days(20, `{"open":"1"}`) + `}}`, "/Time Series/*"},
		{"by number", `{"_default":{` + repeated(9, `"%d":{"ts":1748448862,"v":1}`) + `}}`, "!their names are not dates: /_default/* (9),  (1)"},
		{"many by number", `{"_default":{` + repeated(900, `"%d":{"ts":1748448862,"v":1}`) + `}}`, "!their names are not dates: /_default/* (900),  (1)"},
		{"Unix times as names", `{"1748448862":{"a":1},"1748448863":{"a":2}}`, "!their names are not dates: /* (2),  (1)"},
		{"two tables by number", `{"a":{` + repeated(9, `"%d":{"v":1}`) + `},"b":{` + repeated(9, `"%d":{"v":1}`) + `}}`, "!their names are not dates: /*/* (18),  (1)"},
		{"by version", `{"name":"x","versions":{` + repeated(70, `"1.%d.0":{"name":"x","dist":{"sum":"y"}}`) + `},"time":{` + repeated(70, `"1.%d.0":"2025-05-01T00:00:00Z"`) + `}}`, "!their names are not dates: /versions/* (70),  (1)"},
		{"chats by name", `{` + repeated(8, `"c%d":{"name":"x","messages":[`+repeated(30, message)+`]}`) + `}`, "/*/messages"},
		{"arrays by name", `{"BTC":[` + repeated(9, timed) + `],"ETH":[` + repeated(9, timed) + `]}`, "!several places hold a large part of the source: /* (18), /BTC (9), /ETH (9),  (1)"},
		{"many arrays by name, and another value", `{"n":1,` + repeated(90, `"c%d":[`+timed+`]`) + `}`, "!not all of them: /* (91),  (1)"},
		{"parts of a record", `{"server":{"host":"a","port":1},"client":{"name":"x"},"debug":true}`, streamName},
		{"two alike", `{"home":{"score":1,"name":"a"},"away":{"score":2,"name":"b"}}`, "!their names are not dates: /* (2),  (1)"},
		{"settings", `{"name":"x","files":["a","b"],"scripts":{"a":"b"},"paths":{"a":["b"]}}`, streamName},
		{"one batch", `{"timestamp":1748448862,"matches":{` + repeated(9, `"k%d":{"home":1,"odds":[1,2]}`) + `}}`, streamName},
		{"one batch, or an answer", `{"timestamp":1748448862,"data":{"history":[` + repeated(9, timed) + `]}}`, "!as a record has: /data/history (9),  (1)"},
		{"one poll in a file", `{"timestamp":"2025-05-01T16:14:22Z","matches":[` + repeated(9, `{"id":%d}`) + `]}`, "!as a record has: /matches (9),  (1)"},
		{"one poll of empty objects", `{"timestamp":1748448862,"matches":[{},{}]}`, "!as a record has: /matches (2),  (1)"},
		{"one poll, its date after it", `{"matches":[` + repeated(9, `{"id":%d}`) + `],"date":"2025-05-01"}`, "!as a record has: /matches (9),  (1)"},
		{"events with times in a dated file", `{"timestamp":"2025-05-01T16:14:22Z","events":[` + repeated(9, timed) + `]}`, "/events"},
		{"a file with the time of its last change", `{"updated":"2025-05-01T16:14:22Z","rows":[` + repeated(9, `{"id":%d}`) + `]}`, "/rows"},
		{"an export", `{"exportedAt":"2025-05-01","version":3,"lastModified":1748448862,"created_at":"2025-05-01","generated":"2025-05-01","rows":[` + repeated(9, `{"id":%d}`) + `]}`, "/rows"},
		{"a history in a dated file", `{"timestamp":"2025-05-01T16:14:22Z","history":[` + repeated(9, `{"id":%d}`) + `]}`, "/history"},
		{"a name of a time that has none", `{"date":"soon","t":7,"rows":[` + repeated(9, `{"id":%d}`) + `]}`, "/rows"},
		{"one batch of columns", `{"timestamp":1748448862,"a":[1,2,3],"b":[4,5,6]}`, streamName},
		{"small beside others", `{"blob":{"x":"` + strings.Repeat("x", 200) + `"},"data":{"list":[` + repeated(3, timed) + `]}}`, "!no array holds most of the source: /data/list (3),  (1)"},
		{"one of the root, small beside others", `{"blob":{"x":"` + strings.Repeat("x", 200) + `"},"list":[` + repeated(3, timed) + `]}`, "/list"},
		{"history and a little array", `{"history":[` + repeated(30, timed) + `],"config":{"teams":[{"n":1}]}}`, "/history"},
		{"history and a larger array", `{"history":[{"a":1}],"config":{"teams":[` + repeated(30, timed) + `]}}`, "!/history is not the largest array: /config/teams (30), /history (1),  (1)"},
		{"history and an equal one", `{"rows":[{"a":1}],"history":[{"a":1}]}`, "/history"},
		{"no history yet", `{"history":[],"config":{"a":{"b":1}}}`, "/history"},
		{"no history yet, and another array", `{"history":[],"config":{"teams":[{"n":1}]}}`, "!/history is empty, and there is another array: /config/teams (1), /history (0),  (1)"},
		{"a large array and a small one", `{"data":[` + repeated(30, timed) + `],"included":[{"type":"people"}]}`, "/data"},
		{"two arrays", `{"home":[` + repeated(9, timed) + `],"away":[` + repeated(4, timed) + `]}`, "!several places hold a large part of the source: /* (13), /home (9), /away (4),  (1)"},
		{"two arrays of other things", `{"home":[` + repeated(9, `{"h":%d}`) + `],"away":[` + repeated(4, `{"a":%d}`) + `]}`, "!several places hold a large part of the source: /home (9), /away (4),  (1)"},
		{"no element anywhere", `{"rows":[],"data":{"list":[]}}`, "!no array has an element: /rows (0), /data/list (0),  (1)"},
		{"one batch without elements", `{"timestamp":1748448862,"matches":[]}`, streamName},
		{"an array around a document", `[{"history":[` + repeated(9, timed) + `]}]`, "!a single element, which may hold the records itself: /0/history (9), /* (1)"},
		{"an array around an array", `[[` + repeated(9, timed) + `]]`, "!a single element, which may hold the records itself: /0 (9)"},
		{"an array around one, deeper", `{"data":[{"history":[` + repeated(9, timed) + `]}]}`, "!a single element, which may hold the records itself: /data/0/history (9), /data (1),  (1)"},
		{"an array of documents", `[` + repeated(3, `{"history":[`+repeated(9, timed)+`]}`) + `]`, "/*/history"},
		{"one poll", `[{"t":"2025-05-01T00:00:00Z","matches":[` + repeated(9, timed) + `]}]`, ""},
		{"rows", `{"prices":[` + repeated(9, `[174844886%d000,1.5]`) + `]}`, "/prices"},
		{"rows of pandas", `{"columns":["time","a"],"index":[` + repeated(9, `%d`) + `],"data":[` + repeated(9, `["2025-05-01",%d]`) + `]}`, "/data"},
		{"three tables of rows", `{"prices":[` + repeated(9, `[174844886%d000,1.5]`) + `],"caps":[` + repeated(9, `[174844886%d000,1.5]`) + `]}`, "!several places hold a large part of the source: /prices (9), /caps (9),  (1)"},
		{"a polygon", `{"type":"Feature","geometry":{"coordinates":[[` + repeated(50, `[1.5,%d]`) + `],[` + repeated(9, `[1.5,%d]`) + `]]}}`, "!the only array holds arrays without times: /geometry/coordinates/* (59),  (1)"},
		{"columns", `{"latitude":1,"hourly_units":{"time":"iso8601"},"hourly":{"time":[` + repeated(9, `"2025-05-01"`) + `],"t":[` + repeated(9, `%d`) + `]}}`, "!/hourly holds columns, not records: a member has the values of all 9 rows"},
		{"columns of the root", `{"n":[1,2],"time":[` + repeated(90, `"2025-05-01"`) + `],"t":[` + repeated(90, `%d`) + `]}`, "!the source holds columns"},
		{"very many columns", `{"a":{` + repeated(90, `"c%d":[`+repeated(9, `%d`)+`]`) + `}}`, "!/a holds columns, not records: a member has the values of all 9 rows"},
		{"columns of pandas", `{"a":{` + repeated(9, `"%d":1`) + `},"b":{` + repeated(9, `"%d":1`) + `}}`, "!the source holds columns"},
		{"columns of pandas by date", `{"a":{` + days(99, `1`) + `},"b":{` + days(99, `1`) + `}}`, "!the source holds columns, not records: a member has the values of all 99 rows"},
		{"rows of pandas by number", `{` + repeated(9, `"%d":{"a":1,"b":2}`) + `}`, "!their names are not dates: /* (9),  (1)"},
		{"a name that is a star", `{"*":[` + repeated(9, timed) + `]}`, "/*"},
		{"names that are escaped", `{"a/b":{"~":[` + repeated(9, timed) + `]}}`, "/a~1b/~0"},
		{"history among very many others", `{` + repeated(300, `"before%d":{"x":[1,{"y":2}]}`) + `,"history":[{"a":1}],` + repeated(300, `"after%d":{"x":[1,{"y":2}]}`) + `}`, "/history"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := newPlace(t).decided(c.source)
			if part, no := strings.CutPrefix(c.want, "!"); no && strings.HasPrefix(got, "!") && strings.Contains(got, part) {
				return
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// A survey of any text keeps a tree of a bounded size, and finds large arrays nonetheless.
func TestSurveyBounded(t *testing.T) {
	const record = `{"t":"2025-05-01T00:00:00Z","v":%d}`
	deep := repeated(40, `"k%d":{`+repeated(40, `"m%d":{`+repeated(12, `"n%d":{"a":[{}]}`)+`}`)+`}`)
	for _, c := range []struct{ name, beside, at string }{
		{"names of scalars", repeated(5000, `"s%d":1`), ""},
		{"names of objects", repeated(5000, `"o%d":{"a":{"b":1}}`), "/history"},
		{"names of all kinds", repeated(5000, `"a%d":[1],"b%d":{"c":1},"d%d":"e"`), ""},
		{"objects of one other name each", `"rows":[` + repeated(5000, `{"n%d":{"o%d":[{"p":1}]},"q":[1]}`) + `]`, ""},
		{"long names", repeated(9, `"`+strings.Repeat("long", 100)+`%d":1`), "/history"},
		{"deep", deep, "/history"},
		{"deeper than is looked", `"a":` + strings.Repeat(`{"b":`, 100) + `[{}]` + strings.Repeat(`}`, 100), "/history"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			text := `{` + c.beside + `,"history":[` + repeated(20_000, record) + `]}`
			p.write(text)
			o := p.options(Options{})
			s, err := surveySource(t.Context(), o, o.Accept)
			testutil.NoError(t, err)
			if n := s.root.size(); n > maxNodes || n > s.nodes {
				t.Errorf("%d nodes, counted %d", n, s.nodes)
			}
			if s.root.bytes != int64(len(text)) {
				t.Errorf("%d bytes of %d", s.root.bytes, len(text))
			}
			if c.at != "" {
				as, err := s.decide()
				if err != nil || as.location() != c.at {
					t.Errorf("%s, %v", as.location(), err)
				}
			}
		})
	}
}

// A record that is most of the source is told as that, and never with the limit alone.
func TestTooLargeForRecord(t *testing.T) {
	const timed = `{"t":"2025-05-01T00:00:00Z","v":%d}`
	history := `{"history":[` + repeated(50, timed) + `]}`
	limit := segment.Settings{"max-record": "500"}
	whole := new(segment.Pointer)
	for _, c := range []struct {
		name, source string
		records      *segment.Pointer
		want         string // "" means that the source is migrated
	}{
		{"nested", `{"data":` + history + `}`, nil, ""},
		{"in an array", `[` + history + `]`, nil, "a single element"},
		{"named", history, whole, "record 1 is 100 % of the source and larger than the limit: /history (50),  (1)"},
		{"text alone", `{"a":"` + strings.Repeat("x", 1000) + `"}`, nil, "is 100 % of the source"},
		{"the first of some lines", `{"a":"` + strings.Repeat("x", 1000) + `"}` + "\n{}\n{}\n", nil, "% of the source"},
		{"one of many", `[` + repeated(9, `"`+strings.Repeat("x", 1000)+`"`) + `]`, nil, "larger than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := newPlace(t).run(c.source, Options{Settings: limit, Records: c.records})
			if c.want == "" {
				testutil.NoError(t, err)
				return
			}
			if said := whyUndecided(err); err == nil || !strings.Contains(said, c.want) {
				t.Errorf("%s; want %s", said, c.want)
			}
			if c.name == "one of many" && strings.Contains(err.Error(), "of the source") {
				t.Errorf("blames the shape: %v", err)
			}
		})
	}
}

func TestCommas(t *testing.T) {
	for source, want := range map[string]error{
		"{\"a\":1},\n{\"a\":2},\n":  ErrCommas,
		"{\"a\":1},\n{\"a\":2}":     ErrCommas,
		"[1],[2],[3]":               ErrCommas,
		`{"a":1},`:                  ErrCommas,
		"{\"a\":1},\n{\"a\":2}}\n":  jsonscan.ErrInvalid,
		"{\"a\":1},\n,{\"a\":2}\n":  jsonscan.ErrInvalid,
		"{\"a\":1},\n{\"a\":2}{}\n": jsonscan.ErrInvalid,
		"{\"a\":1},2":               jsonscan.ErrInvalid,
		"1,2":                       jsonscan.ErrInvalid,
	} {
		_, err := newPlace(t).run(source, Options{})
		testutil.ErrorIs(t, err, want)
		if errors.Is(want, jsonscan.ErrInvalid) && errors.Is(err, ErrCommas) {
			t.Errorf("%q: %v", source, err)
		}
	}
}

// A shaper writes random JSON whose objects often have keys for names.
type shaper struct {
	rnd *rand.Rand
	out strings.Builder
}

func (s *shaper) value(levels int) {
	n := s.rnd.IntN(5)
	if s.rnd.IntN(12) == 0 {
		n = 80 // more than are kept apart
	}
	switch kind := s.rnd.IntN(4); {
	case levels == 0 || kind == 0:
		s.out.WriteString([]string{`1`, `"x"`, `null`, `1748448862`, `"2025-05-01"`}[s.rnd.IntN(5)])
	case kind == 1:
		s.elements(levels, n)
	default:
		s.members(levels, n)
	}
}

func (s *shaper) elements(levels, n int) {
	s.out.WriteString("[")
	for i := range n {
		if i > 0 {
			s.out.WriteString(",")
		}
		s.value(levels - 1)
	}
	s.out.WriteString("]")
}

// members writes an object: of dates, numbers, other keys, or a few names as records have
// them, each once.
func (s *shaper) members(levels, n int) {
	s.out.WriteString("{")
	name := s.rnd.IntN(4)
	for i := range n {
		if i > 0 {
			s.out.WriteString(",")
		}
		switch name {
		case 0:
			fmt.Fprintf(&s.out, `"2025-%02d-%02d":`, 1+i/28, 1+i%28)
		case 1:
			fmt.Fprintf(&s.out, `"%d":`, i)
		case 2:
			fmt.Fprintf(&s.out, `"k/%d":`, s.rnd.IntN(1<<20)<<8+i)
		default:
			fmt.Fprintf(&s.out, `"%c%d":`, "hrdt"[i%4], i/4)
		}
		s.value(levels - 1)
	}
	s.out.WriteString("}")
}

// Each candidate that is named leads to the records that were counted.
func TestCandidatesHold(t *testing.T) {
	rnd := seeded(t)
	p := newPlace(t)
	named, taken := 0, 0
	for range testutil.Rounds(40, 200) {
		s := shaper{rnd: rand.New(rand.NewPCG(rnd.Uint64(), 0))}
		s.out.WriteString(`{"a":`)
		s.value(5)
		s.out.WriteString(`,"b":`)
		s.value(4)
		s.out.WriteString(`}`)
		text := s.out.String()
		p.write(text)
		o := p.options(Options{})
		survey, err := surveySource(t.Context(), o, o.Accept)
		testutil.NoError(t, err)
		for _, c := range survey.named(survey.candidates()) {
			named++
			if o.Records, err = jsonscan.ParsePattern(c.At); err != nil {
				t.Fatal(err)
			}
			plan, err := DryRun(t.Context(), o)
			if err != nil || plan.Records != c.Count {
				t.Fatalf("%s: %d records, want %d, %v; of %.3000s", c.At, plan.Records, c.Count, err, text)
			}
		}
		if as, err := survey.decide(); err == nil {
			o.Records = nil
			plan, err := DryRun(t.Context(), o)
			if err == nil && plan.RecordsAt != as.location() && plan.RecordsAt != "/a" && plan.RecordsAt != "/b" {
				t.Fatalf("took %s, decided %s, of %.3000s", plan.RecordsAt, as.location(), text)
			}
			taken++
		}
	}
	t.Logf("%d candidates, %d taken", named, taken)
}
