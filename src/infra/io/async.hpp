#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

namespace ms {

namespace asio = boost::asio;

/// The return type of every coroutine of MinSchool. The executor is concrete: a type-erased one costs 1-2 µs a request.
template <class T = void>
using async = asio::awaitable<T, asio::io_context::executor_type>;

}  // namespace ms
