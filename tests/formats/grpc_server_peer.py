"""Serves shop.proto in one format with gRPC's library for Python, whose messages are what its user makes of them.

usage: grpc_server_peer.py FORMAT

Prints its port and serves until it has answered one Echo. Exit status 77: a module is not installed.
"""

import concurrent.futures
import sys
import threading

try:
    import grpc
    import msgpack  # noqa: F401, which shop_formats needs
except ImportError as error:
    print(error)
    sys.exit(77)

import shop_formats

NAME = sys.argv[1]
FORM = shop_formats.FORMATS[NAME]


ECHOED = threading.Event()


def echo(order, _):
    ECHOED.set()
    return shop_formats.echoed(order, NAME)


def each(order, _):
    for count in order.get("counts", []):
        yield {"counts": [count]} if NAME == "msgpack" else {"id": 0, "counts": [count], "data": b""}


class Shop(grpc.GenericRpcHandler):
    def service(self, call):
        pair = {"request_deserializer": FORM.loads, "response_serializer": FORM.dumps}
        if call.method.endswith("/Echo"):
            return grpc.unary_unary_rpc_method_handler(echo, **pair)
        return grpc.unary_stream_rpc_method_handler(each, **pair)


server = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
server.add_generic_rpc_handlers((Shop(),))
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
answered = ECHOED.wait(60)
server.stop(10).wait()
sys.exit(0 if answered else 1)
