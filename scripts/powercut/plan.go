//go:build linux

package main

import "math/rand/v2"

// A plan is the choices for one run. A seed always makes the same ones.
type plan struct {
	FileSystem  string
	Seed        uint64
	Scenario    string
	Policy      string
	SegmentSize string
	Window      int // how many records a producer sends before it waits for an acknowledgement
}

// newPlan makes the choices of a seed, from these scenarios and policies.
func newPlan(fs string, seed uint64, scenarios, policies []string) plan {
	rng := rand.New(rand.NewPCG(seed, 0))
	p := plan{
		fs, seed, pick(rng, scenarios), pick(rng, policies),
		pick(rng, []string{"4K", "20K", "100K", "1M"}), pick(rng, []int{1, 1, 4, 32}),
	}
	if p.scenario().retry {
		p.Window = 1 // --retry-after is about one record
	}
	return p
}

func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }

// scenario returns the scenario of the plan.
func (p plan) scenario() scenario {
	s, err := findScenario(p.Scenario)
	if err != nil {
		panic(err)
	}
	return s
}
