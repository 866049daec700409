package report

import "github.com/histlog/histlog/segment"

// Settings returns every setting for JSON, including the defaults.
func Settings(s segment.Settings) map[string]any {
	all := map[string]any{}
	for _, key := range segment.SettingKeys() {
		if all[key] = s.Get(key); all[key] == "" {
			all[key] = nil
		}
	}
	return all
}
