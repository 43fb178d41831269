#!/usr/bin/python3
"""Calls the calculator with Python's grpcio: client.py ADDRESS, with calculator_pb2 on PYTHONPATH.

The calls are made by their path, so no generated gRPC code is needed.
"""

import sys

import grpc
from calculator_pb2 import FibonacciRequest, Number, Operands

TIMEOUT = 10


def method(shape, name, request, response):
    return shape(
        f"/calculator.Calculator/{name}",
        request_serializer=request.SerializeToString,
        response_deserializer=response.FromString,
    )


def divide(channel, a, b):
    call = method(channel.unary_unary, "Divide", Operands, Number)
    try:
        return call(Operands(a=a, b=b), timeout=TIMEOUT).value
    except grpc.RpcError as error:
        return f"{error.code().name}: {error.details()}"


def main():
    with grpc.insecure_channel(sys.argv[1]) as channel:
        add = method(channel.unary_unary, "Add", Operands, Number)
        print("Add(2, 3) =", add(Operands(a=2, b=3), timeout=TIMEOUT).value)
        print("Divide(1, 8) =", divide(channel, 1, 8))
        print("Divide(1, 0):", divide(channel, 1, 0))

        sum_up = method(channel.stream_unary, "Sum", Number, Number)
        numbers = (Number(value=value) for value in range(1, 101))
        print("Sum(1 to 100) =", sum_up(numbers, timeout=TIMEOUT).value)

        fibonacci = method(channel.unary_stream, "Fibonacci", FibonacciRequest, Number)
        answers = fibonacci(FibonacciRequest(count=10), timeout=TIMEOUT)
        print("Fibonacci(10) =", *(int(answer.value) for answer in answers))


if __name__ == "__main__":
    main()
