#pragma once

#include <map>
#include <mutex>
#include <string>

#include "weft/net/loop/wait.h"
#include "weft/rpc/server.h"

#include "library.weft.h"

namespace weft::test {

/// Shelves with books, for the tests of paths (google.api.http).
class Library final : public library::LibraryService {
  using Book = library::Book;

  Task<Result<Book>> GetBook(ServerContext&, const library::GetBookRequest& request) override {
    const std::lock_guard lock(mutex_);
    const auto found = books_.find(request.name());
    if (found == books_.end()) co_return not_found("there is no " + request.name());
    co_return found->second;
  }
  Task<Result<library::ListBooksResponse>> ListBooks(
      ServerContext&, const library::ListBooksRequest& request) override {
    const std::lock_guard lock(mutex_);
    library::ListBooksResponse list;
    for (const auto& [name, book] : books_) {
      if (!name.starts_with("shelves/" + request.shelf() + "/") || !is_asked(book, request)) {
        continue;
      }
      if (request.page_size() > 0 && list.books_size() == request.page_size()) break;
      *list.add_books() = book;
    }
    co_return list;
  }
  Task<Result<Book>> CreateBook(ServerContext&, const library::SaveBookRequest& request) override {
    co_return save(request);
  }
  Task<Result<google::protobuf::Empty>> DeleteBook(
      ServerContext&, const library::GetBookRequest& request) override {
    const std::lock_guard lock(mutex_);
    if (books_.erase(request.name()) == 0) co_return not_found("there is no " + request.name());
    co_return google::protobuf::Empty();
  }

  Task<Status> WatchBooks(ServerContext&, const library::WatchBooksRequest& request,
                          Writer<Book>& writer) override {
    for (int i = 1; i <= request.count(); ++i) {
      if (i > 100) co_return out_of_range("no more than 100");
      Book book;
      book.set_title("Book " + std::to_string(i));
      const bool taken = co_await writer.write(book);
      if (!taken) co_return writer.status();
    }
    // A count below zero is a watch without an end.
    if (request.count() < 0) co_return co_await net::sleep(std::chrono::hours(1));
    co_return ok_status();
  }
  Task<Result<library::ListBooksResponse>> ImportBooks(
      ServerContext&, Reader<library::SaveBookRequest>& reader) override {
    library::ListBooksResponse list;
    library::SaveBookRequest request;
    while (co_await reader.read(request)) {
      Result<Book> book = save(request);
      if (!book.ok()) co_return book.status();
      *list.add_books() = *std::move(book);
    }
    if (!reader.status().ok()) co_return reader.status();
    co_return list;
  }
  Task<Status> TradeBooks(ServerContext&, Reader<Book>& reader, Writer<Book>& writer) override {
    Book book;
    while (co_await reader.read(book)) {
      book.set_title(book.title() + ", used");
      const bool taken = co_await writer.write(book);
      if (!taken) co_return writer.status();
    }
    co_return reader.status();
  }

  Result<Book> save(const library::SaveBookRequest& request) {
    if (request.book().title().empty()) return invalid_argument("a book needs a title");
    const std::lock_guard lock(mutex_);
    Book book = request.book();
    book.set_name("shelves/" + request.shelf() + "/books/" + std::to_string(++last_));
    books_[book.name()] = book;
    return book;
  }
  static bool is_asked(const Book& book, const library::ListBooksRequest& request) {
    if (request.titles().empty()) return true;
    for (const std::string& title : request.titles()) {
      if (title == book.title()) return true;
    }
    return false;
  }

  std::mutex mutex_;
  std::map<std::string, Book> books_;
  int last_ = 0;
};

}  // namespace weft::test
