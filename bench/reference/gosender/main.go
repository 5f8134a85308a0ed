// Reference peer: the usual design in Go. Every VM is a goroutine with a timer and a payload copy of its own; a report is dial,
// deadline, write, close, and nobody waits for the peer's end of file. Prints one JSON line. Standard library only.
// Use: gosender -unix PATH -vms 5000 -report-bytes 414000 -interval 5s -duration 20s
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand"
	"net"
	"os"
	"sort"
	"sync"
	"syscall"
	"time"
)

const (
	requestTimeout = 10 * time.Second
	jitter         = 0.05
	settle         = time.Second // not measured: goroutines, stacks and generators are made in it
)

// tally is what the VMs share: counts, and how late each report was started.
type tally struct {
	sync.Mutex
	sent, failed int
	lags         []time.Duration
}

func (t *tally) add(lag time.Duration, err error) {
	t.Lock()
	defer t.Unlock()
	if err != nil {
		t.failed++
		return
	}
	t.sent++
	t.lags = append(t.lags, lag)
}

// reading is the tally at one moment, beside the clock and the processor time used by then.
type reading struct {
	at           time.Time
	user, system float64
	sent, failed int
	lags         []time.Duration
}

func (t *tally) read() reading {
	t.Lock()
	defer t.Unlock()
	var used syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return reading{time.Now(), seconds(used.Utime), seconds(used.Stime), t.sent, t.failed, t.lags}
}

func send(path string, payload []byte) error {
	conn, err := net.Dial("unix", path)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(requestTimeout))
	_, err = conn.Write(payload)
	return err
}

// simulate reports for one VM until stop is closed: first after a uniform delay, then an interval after the report before it.
func simulate(vm int, path string, payload []byte, interval time.Duration, counts *tally, stop <-chan struct{}) {
	rng := rand.New(rand.NewSource(int64(vm)))
	wait := time.Duration(rng.Int63n(int64(interval)))
	for {
		due := time.Now().Add(wait)
		select {
		case <-stop:
			return
		case <-time.After(wait):
		}
		lag := time.Since(due)
		counts.add(lag, send(path, payload))
		wait = interval + time.Duration(float64(interval)*jitter*(2*rng.Float64()-1))
	}
}

func payloadsFor(vms, reportBytes int) [][]byte {
	body := make([]byte, reportBytes)
	rand.Read(body)
	payloads := make([][]byte, vms)
	for vm := range payloads {
		payloads[vm] = append([]byte(nil), body...)
		copy(payloads[vm], fmt.Sprintf("\n\x08%08d", vm))
	}
	return payloads
}

func quantile(sorted []time.Duration, share float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(share*float64(len(sorted)-1))].Seconds()
}

func seconds(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }

func main() {
	path := flag.String("unix", "", "path of the target's socket")
	vms := flag.Int("vms", 64, "number of VMs")
	reportBytes := flag.Int("report-bytes", 414000, "bytes of a report")
	interval := flag.Duration("interval", 5*time.Second, "time between two reports of a VM, with 5 % jitter")
	duration := flag.Duration("duration", 10*time.Second, "length of the run")
	flag.Parse()

	payloads := payloadsFor(*vms, *reportBytes)
	counts := &tally{}
	stop := make(chan struct{})
	var running sync.WaitGroup
	for vm, payload := range payloads {
		running.Add(1)
		go func(vm int, payload []byte) {
			defer running.Done()
			simulate(vm, *path, payload, *interval, counts, stop)
		}(vm, payload)
	}
	time.Sleep(settle)
	began := counts.read()
	time.Sleep(*duration - settle)
	ended := counts.read()
	close(stop)
	running.Wait()

	lags := ended.lags[began.sent:]
	sort.Slice(lags, func(i, j int) bool { return lags[i] < lags[j] })
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"reports": ended.sent - began.sent, "failed": ended.failed - began.failed, "elapsed_seconds": ended.at.Sub(began.at).Seconds(),
		"user_seconds": ended.user - began.user, "system_seconds": ended.system - began.system,
		"lag_seconds": map[string]float64{"p50": quantile(lags, 0.5), "p99": quantile(lags, 0.99), "max": quantile(lags, 1)},
	})
}
