// A goroutine per client and a mutex around each request: lines are echoed, one at a time over all clients.
package main

import (
	"bufio"
	"log"
	"net"
	"os"
	"sync"
)

var turn sync.Mutex

func main() {
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go serve(connection)
	}
}

func serve(connection net.Conn) {
	defer connection.Close()
	reader := bufio.NewReaderSize(connection, 65536)
	writer := bufio.NewWriterSize(connection, 65536)
	for {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return
		}
		turn.Lock()
		_, err = writer.Write(line)
		turn.Unlock()
		if err != nil {
			return
		}
		if reader.Buffered() == 0 {
			if writer.Flush() != nil {
				return
			}
		}
	}
}
