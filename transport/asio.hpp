// Boost.Asio, as this program uses it: one thread, Unix sockets. Included by what deals with sockets and by
// nothing else.
#pragma once

// Boost 1.74 uses std::exchange under C++20 and does not include it.
#include <utility>
// One thread runs the loop: no locks.
#define BOOST_ASIO_DISABLE_THREADS 1
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read.hpp>
