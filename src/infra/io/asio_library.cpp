// Compiles the bodies of Asio and Beast, once (Asio manual, "Optional separate compilation"; Beast, "Split
// compilation").
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
