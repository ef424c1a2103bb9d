#pragma once
#include <boost/describe.hpp>
#include <boost/json.hpp>
#include <boost/mp11.hpp>
#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

// Converts structs of figures to JSON and back, by the names of their members (Boost.Describe). Servers of two versions
// read each other's: a member that is missing or has another type keeps its default, and an unknown one is ignored.
// boost::json::value_to rejects both.
namespace ms::servers {

template <class T>
concept Described = boost::describe::has_describe_members<T>::value;

template <class T>
boost::json::value to_json(const T& from);
template <class T>
void from_json(const boost::json::value& from, T& to);

namespace described {

template <class T>
struct IsList : std::false_type {};
template <class T>
struct IsList<std::vector<T>> : std::true_type {};
template <class T>
struct IsMaybe : std::false_type {};
template <class T>
struct IsMaybe<std::optional<T>> : std::true_type {};

template <class T>
using Members = boost::describe::describe_members<T, boost::describe::mod_public>;

}  // namespace described

template <class T>
boost::json::value to_json(const T& from) {
  if constexpr (Described<T>) {
    boost::json::object out;
    boost::mp11::mp_for_each<described::Members<T>>(
        [&](auto member) { out[member.name] = to_json(from.*member.pointer); });
    return out;
  } else if constexpr (described::IsList<T>::value) {
    boost::json::array out;
    for (const auto& item : from) out.push_back(to_json(item));
    return out;
  } else if constexpr (described::IsMaybe<T>::value) {
    return from ? to_json(*from) : boost::json::value();
  } else if constexpr (std::is_enum_v<T>) {
    return boost::describe::enum_to_string(from, "");
  } else {
    return boost::json::value(from);
  }
}

template <class T>
void from_json(const boost::json::value& from, T& to) {
  if constexpr (Described<T>) {
    const auto* object = from.if_object();
    if (object == nullptr) return;
    boost::mp11::mp_for_each<described::Members<T>>([&](auto member) {
      if (const auto* value = object->if_contains(member.name)) from_json(*value, to.*member.pointer);
    });
  } else if constexpr (described::IsList<T>::value) {
    const auto* items = from.if_array();
    if (items == nullptr) return;
    to.clear();
    for (const auto& item : *items) from_json(item, to.emplace_back());
  } else if constexpr (described::IsMaybe<T>::value) {
    if (from.is_null()) return;
    from_json(from, to.emplace());
  } else if constexpr (std::is_enum_v<T>) {
    if (const auto* name = from.if_string()) boost::describe::enum_from_string(name->c_str(), to);
  } else if constexpr (std::same_as<T, bool>) {
    if (const auto* value = from.if_bool()) to = *value;
  } else if constexpr (std::same_as<T, std::string>) {
    if (const auto* value = from.if_string()) to = std::string(*value);
  } else {
    boost::system::error_code error;
    if (const auto value = from.template to_number<T>(error); !error) to = value;
  }
}

}  // namespace ms::servers
