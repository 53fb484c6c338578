package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

// Report is what one run of the load measured; times are in microseconds.
type Report struct {
	Calls   int64   `json:"calls"`
	Errors  int64   `json:"errors"`
	Error   string  `json:"error,omitempty"`
	Seconds float64 `json:"seconds"`
	P50     float64 `json:"p50_us"`
	P99     float64 `json:"p99_us"`
}

// call asks once and returns what went wrong.
type call func(ctx context.Context) error

func runLoad(args []string) error {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	var aim target
	aim.register(flags)
	duration := flags.Duration("duration", 3*time.Second, "how long")
	inFlight := flags.Int("inflight", 32, "calls in flight, each followed by the next")
	rate := flags.Float64("rate", 0, "calls a second, started whether or not earlier ones are done")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ask, closeTarget, err := aim.open()
	if err != nil {
		return err
	}
	defer closeTarget()
	ctx, cancel := context.WithTimeout(context.Background(), *duration+30*time.Second)
	defer cancel()
	// The first call opens connections, fills caches and reveals errors.
	if err := ask(ctx); err != nil {
		return fmt.Errorf("first call: %w", err)
	}
	var report Report
	if *rate > 0 {
		report = paced(ctx, ask, *rate, *duration)
	} else {
		report = closed(ctx, ask, *inFlight, *duration)
	}
	return json.NewEncoder(os.Stdout).Encode(report)
}

// closed keeps the server as busy as this many calls in flight can.
func closed(ctx context.Context, ask call, inFlight int, duration time.Duration) Report {
	var calls, errors atomic.Int64
	var first atomic.Value
	var group sync.WaitGroup
	latencies := make([][]float64, inFlight)
	started := time.Now()
	end := started.Add(duration)
	for worker := range inFlight {
		group.Go(func() {
			for {
				began := time.Now()
				if began.After(end) {
					return
				}
				if err := ask(ctx); err != nil {
					errors.Add(1)
					first.CompareAndSwap(nil, err.Error())
					continue
				}
				calls.Add(1)
				latencies[worker] = append(latencies[worker], float64(time.Since(began).Nanoseconds())/1e3)
			}
		})
	}
	group.Wait()
	return report(calls.Load(), errors.Load(), &first, time.Since(started), flatten(latencies))
}

// paced starts a call at each tick. Latency counts from when a call was due, so that a server that
// pauses is charged for every call that came due meanwhile.
func paced(ctx context.Context, ask call, rate float64, duration time.Duration) Report {
	var errors atomic.Int64
	var first atomic.Value
	var group sync.WaitGroup
	total := int(rate * duration.Seconds())
	latencies := make([]float64, total)
	started := time.Now()
	for index := range total {
		due := started.Add(time.Duration(float64(index) / rate * 1e9))
		time.Sleep(time.Until(due))
		group.Go(func() {
			if err := ask(ctx); err != nil {
				errors.Add(1)
				first.CompareAndSwap(nil, err.Error())
			}
			latencies[index] = float64(time.Since(due).Nanoseconds()) / 1e3
		})
	}
	group.Wait()
	return report(int64(total)-errors.Load(), errors.Load(), &first, time.Since(started), latencies)
}

func report(calls, errors int64, first *atomic.Value, elapsed time.Duration, latencies []float64) Report {
	sort.Float64s(latencies)
	message, _ := first.Load().(string)
	return Report{
		Calls:   calls,
		Errors:  errors,
		Error:   message,
		Seconds: elapsed.Seconds(),
		P50:     quantile(latencies, 0.50),
		P99:     quantile(latencies, 0.99),
	}
}

func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func flatten(parts [][]float64) []float64 {
	var all []float64
	for _, part := range parts {
		all = append(all, part...)
	}
	return all
}
