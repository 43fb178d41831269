// A client as the documentation of Go's package net/rpc has it: it calls Arith of a server, with the codec that is named, and
// prints what it was told.
//
// usage: go_client json|gob|http HOST:PORT
package main

import (
	"bytes"
	"fmt"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os"
	"reflect"
	"sort"
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

func dial(codec, address string) (*rpc.Client, error) {
	switch codec {
	case "json":
		return jsonrpc.Dial("tcp", address)
	case "gob":
		return rpc.Dial("tcp", address)
	default:
		return rpc.DialHTTP("tcp", address)
	}
}

func show(name string, value any, err error) {
	if err != nil {
		value = err
	}
	fmt.Printf("%s: %v\n", name, value)
}

func main() {
	client, err := dial(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Println("dial:", err)
		os.Exit(1)
	}
	var product int
	err = client.Call("Arith.Multiply", &Args{7, 8}, &product)
	show("multiply", product, err)
	var quotient Quotient
	err = client.Call("Arith.Divide", Args{17, 5}, &quotient)
	show("divide", quotient, err)
	err = client.Call("Arith.Divide", Args{1, 0}, &quotient)
	show("error", quotient, err)
	err = client.Call("Arith.Power", Args{1, 0}, &product)
	show("unknown", product, err)
	var upper string
	err = client.Call("acme.v1.Calculator.Upper", "grace", &upper)
	show("upper", upper, err)
	numbers := Numbers{}
	for i := 1; i <= 1000; i++ {
		numbers.Values = append(numbers.Values, i)
	}
	var sum int
	err = client.Call("Calculator.Sum", numbers, &sum)
	show("sum", sum, err)

	order := Order{ID: -7, Customer: "Ann \"A\" O'Hara", Items: []Item{{"nut", 0.25, 4000000000}, {Name: "bolt"}},
		Tags: map[string]int{"x": 9007199254740993}, Signature: []byte{0, 255, 128}, Paid: true, Gift: &Item{Name: "washer"},
		Notes: []string{"one", ""}, Weight: 1.5, Total: 18446744073709551615, Placed: time.Unix(1700000000, 5).UTC()}
	var echoed Order
	err = client.Call("Arith.Echo", &order, &echoed)
	same := reflect.DeepEqual(order, echoed)
	if !same {
		fmt.Printf("%+v\n%+v\n%v\n", order, echoed, bytes.Equal(order.Signature, echoed.Signature))
	}
	show("echo", same, err)

	started := time.Now()
	done := make(chan *rpc.Call, 50)
	var waited [50]int
	for i := range waited {
		client.Go("Arith.Wait", 200+i, &waited[i], done)
	}
	for range waited {
		if call := <-done; call.Error != nil {
			show("wait", nil, call.Error)
		}
	}
	show("together", time.Since(started) < 5*time.Second, nil)
	show("waited", sort.IntsAreSorted(waited[:]) && waited[0] == 200, nil)
	show("close", client.Close(), nil)
}
