module github.com/histlog/histlog

go 1.26.0

require (
	github.com/alecthomas/units v0.0.0-20240927000941-0f3dac36c52b
	github.com/go-json-experiment/json v1.27.2
	github.com/gofrs/flock v0.13.2
	github.com/google/uuid v1.6.0
	github.com/xhit/go-str2duration/v2 v2.2.0
	golang.org/x/sys v0.49.0
)
