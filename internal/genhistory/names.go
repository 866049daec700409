package genhistory

import "math/rand/v2"

// The words of which names consist. Some need an escape in JSON, and many are not ASCII, as
// in real feeds.
var (
	towns = []string{
		"Águilas", "Østers", "Vaasa", "Kottmannsdorf", "Žilina", "Győr", "São Bento", "Besançon", "Malmö",
		"Ñuñoa", "Łódź", "Reykjavík", "Çanakkale", "Dibba", "Al Orooba", "Gebenbach", "Unterhaching",
		"Σπάρτη", "Київ", "横浜", "수원", "Quilmes", "Brașov", "Tromsø", "Córdoba", "Åland", "Niš",
	}
	clubs = []string{
		"FC %", "% United", "Deportivo %", "% IF", "SV %", "Atlético %", "% (W)", "% U21", "1. FC %", "Club \"%\"",
		"% City", "Real %", "% \\ B", "Dinamo %", "% 1909", "SpVgg % Am",
	}
	countries = []string{
		"Finland", "Austria", "España", "Côte d'Ivoire", "Türkiye", "Brasil", "Česko", "Japan", "Norge", "Deutschland",
	}
	leagues = []string{
		"% Landesliga", "% Women's Ykkönen", "% Primera División", "% Adnoc Pro-League", "Copa %", "% Süper Lig",
		"% U19 \"Elite\"", "% Division 2 / Gr. B",
	}
	skies = []string{"Sunny", "Cloudy", "Overcast", "Light Rain", "Fog"}
	winds = []string{"Calm", "Light Breeze", "Gentle Breeze", "Moderate Breeze"}
)

// pick returns one of the words.
func pick(rng *rand.Rand, words []string) string { return words[rng.IntN(len(words))] }

// digits returns n random characters of the alphabet.
func digits(rng *rand.Rand, alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[rng.IntN(len(alphabet))]
	}
	return string(b)
}

// newID returns an identifier as in the feed: 15 letters and digits.
func newID(rng *rand.Rand) string { return digits(rng, "0123456789ghjklmnopqrvwxyz", 15) }

// newLogo returns the address of a picture of the given kind.
func newLogo(rng *rand.Rand, kind string) string {
	return "https://img.example.com/football/" + kind + "/" + digits(rng, "0123456789abcdef", 32) + ".png"
}
