// A server as the documentation of Go's package net/rpc has it: `Multiply(args *Args, reply *int)` and its kin, with JSON, gob and
// gob over HTTP on a port each. It prints the three ports, and ends when its input does.
package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os"
	"strings"
	"time"
)

type Args struct {
	A, B int
}

type Quotient struct {
	Quo, Rem int
}

type Numbers struct {
	Values []int
}

type Item struct {
	Name      string
	UnitPrice float64
	Count     uint32
}

type Order struct {
	ID        int64
	Customer  string
	Items     []Item
	Tags      map[string]int
	Signature []byte
	Paid      bool
	Gift      *Item
	Notes     []string
	Weight    float32
	Total     uint64
	Placed    time.Time
}

type Calculator int

func (t *Calculator) Multiply(args *Args, reply *int) error {
	*reply = args.A * args.B
	return nil
}

func (t *Calculator) Divide(args *Args, quo *Quotient) error {
	if args.B == 0 {
		return errors.New("divide by zero")
	}
	quo.Quo = args.A / args.B
	quo.Rem = args.A % args.B
	return nil
}

func (t *Calculator) Upper(text string, reply *string) error {
	*reply = strings.ToUpper(text)
	return nil
}

func (t *Calculator) Sum(numbers Numbers, reply *int) error {
	for _, value := range numbers.Values {
		*reply += value
	}
	return nil
}

func (t *Calculator) Echo(order Order, reply *Order) error {
	*reply = order
	return nil
}

func (t *Calculator) Wait(milliseconds int, reply *int) error {
	time.Sleep(time.Duration(milliseconds) * time.Millisecond)
	*reply = milliseconds
	return nil
}

func listen() net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	return listener
}

func serve(listener net.Listener, connection func(io.ReadWriteCloser)) {
	for {
		stream, err := listener.Accept()
		if err != nil {
			return
		}
		go connection(stream)
	}
}

func main() {
	rpc.Register(new(Calculator))
	rpc.HandleHTTP()
	go serve(listen(), jsonrpc.ServeConn)
	go serve(listen(), rpc.ServeConn)
	go http.Serve(listen(), nil)
	io.Copy(io.Discard, os.Stdin)
}
