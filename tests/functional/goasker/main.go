// An asker with Go's TLS, which is that of API servers, and frames by hand.
//
//	goasker ADDRESS PATH CA CERT KEY VERSION < request > response
//
// It asks over TLS of that version (1.2 or 1.3) for a websocket, sends the length of the request and the request as two messages,
// answers every PING, and writes the response without its length. A last line on stderr says over what that went.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
)

const (
	binaryFrame = 0x82
	pong        = 0x8a
)

func main() {
	address, path := os.Args[1], os.Args[2]
	connection, err := tls.Dial("tcp", address, config(os.Args[3], os.Args[4], os.Args[5], os.Args[6]))
	check(err)
	request, err := io.ReadAll(os.Stdin)
	check(err)
	reader := bufio.NewReader(connection)
	fmt.Fprintf(connection, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"+
		"Sec-WebSocket-Protocol: plain.kubevirt.io\r\n\r\n", path, address)
	upgraded, err := http.ReadResponse(reader, nil)
	check(err)
	if upgraded.StatusCode != http.StatusSwitchingProtocols {
		fmt.Fprintf(os.Stderr, "%d\n", upgraded.StatusCode)
		os.Exit(3)
	}
	length := make([]byte, 4)
	binary.BigEndian.PutUint32(length, uint32(len(request)))
	check(send(connection, binaryFrame, length))
	check(send(connection, binaryFrame, request))
	response, messages := read(reader, connection)
	_, err = os.Stdout.Write(response[4:])
	check(err)
	fmt.Fprintf(os.Stderr, "%s %s %d\n", tls.VersionName(connection.ConnectionState().Version),
		upgraded.Header.Get("Sec-WebSocket-Protocol"), messages)
	check(connection.Close())
}

func config(ca, certificate, key, version string) *tls.Config {
	pem, err := os.ReadFile(ca)
	check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	made := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}
	if version == "1.2" {
		made.MinVersion, made.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	}
	if certificate != "" {
		pair, err := tls.LoadX509KeyPair(certificate, key)
		check(err)
		made.Certificates = []tls.Certificate{pair}
	}
	return made
}

// send writes one frame of fewer than 126 bytes, masked with zeros.
func send(to io.Writer, first byte, payload []byte) error {
	head := []byte{first, 0x80 | byte(len(payload)), 0, 0, 0, 0}
	_, err := to.Write(append(head, payload...))
	return err
}

// read returns the framed response, and how many messages it came in.
func read(from io.Reader, to io.Writer) ([]byte, int) {
	var gathered []byte
	messages := 0
	for len(gathered) < 4 || len(gathered) < 4+int(binary.BigEndian.Uint32(gathered)) {
		head := make([]byte, 2)
		full(from, head)
		size := uint64(head[1])
		if size >= 126 {
			long := make([]byte, 2+6*(size-126))
			full(from, long)
			size = 0
			for _, each := range long {
				size = size<<8 | uint64(each)
			}
		}
		payload := make([]byte, size)
		full(from, payload)
		switch head[0] & 0x0f {
		case 2:
			gathered = append(gathered, payload...)
			messages++
		case 9:
			check(send(to, pong, payload))
		default:
			log.Fatalf("a frame of kind %d within the response", head[0]&0x0f)
		}
	}
	return gathered, messages
}

func full(from io.Reader, into []byte) {
	_, err := io.ReadFull(from, into)
	check(err)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
