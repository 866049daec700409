package genhistory

import (
	"math/rand/v2"
	"strconv"
)

// weather is the environment of a match. The zero value means unknown weather.
type weather struct {
	code       int64 // 0 means unknown
	sky, blows string
	measures   []measure
}

// measure is one reading, such as 16 °C.
type measure struct {
	name, unit string
	text       string
	value      int // hundredths
}

// measureNames are the readings in the order in which the feed gives them.
var measureNames = []string{"temperature", "wind", "pressure", "humidity"}

// newWeather makes known weather.
func newWeather(rng *rand.Rand) weather {
	sky := rng.IntN(len(skies))
	whole := func(name, unit string, n int) measure {
		return measure{name: name, unit: unit, text: strconv.Itoa(n) + unit, value: n * 100}
	}
	speed := 10 * rng.IntN(80)
	wind := measure{name: "wind", unit: "m/s", value: speed}
	wind.text = string(appendHundredths(nil, speed)) + wind.unit
	return weather{
		code:  int64(sky + 1),
		sky:   skies[sky],
		blows: winds[speed*len(winds)/800],
		measures: []measure{
			whole("temperature", "°C", rng.IntN(40)-5),
			wind,
			whole("pressure", "mmHg", 730+rng.IntN(40)),
			whole("humidity", "%", 20+rng.IntN(75)),
		},
	}
}

// write writes the environment: the readings as in the feed, then divided into text, value
// and unit; all null if the weather is unknown.
func (w *weather) write(e *encoder) {
	e.beginObject()
	e.key("raw")
	if w.code == 0 {
		writeEmpty(e)
		e.key("weather")
		e.null()
		e.key("weather_description")
		e.str("Unknown")
		for _, name := range measureNames {
			for _, part := range [...]string{"", "_value", "_unit"} {
				e.key(name + part)
				e.null()
			}
		}
		e.key("wind_description")
		e.str("Calm")
		e.endObject()
		return
	}
	e.beginObject()
	e.key("weather")
	e.int(w.code)
	for _, m := range w.measures {
		e.key(m.name)
		e.str(m.text)
	}
	e.endObject()
	e.key("weather")
	e.int(w.code)
	e.key("weather_description")
	e.str(w.sky)
	for _, m := range w.measures {
		m.write(e)
	}
	e.key("wind_description")
	e.str(w.blows)
	e.endObject()
}

// write writes a reading as three members: text, value and unit.
func (m *measure) write(e *encoder) {
	e.key(m.name)
	e.str(m.text)
	e.key(m.name + "_value")
	e.hundredths(m.value)
	e.key(m.name + "_unit")
	e.str(m.unit)
}
