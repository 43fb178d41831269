#include "weft/codec/xml/xml.h"

#include <utility>

#include <google/protobuf/message.h>

#include "weft/codec/schema/object_bytes.h"
#include "weft/codec/schema/object_codec.h"
#include "weft/codec/xml/internal/reader.h"
#include "weft/codec/xml/internal/writer.h"

namespace weft {
namespace {

namespace pb = google::protobuf;
using codec::BufferUse;
using codec::OutputBytes;
using codec::Tables;
using codec::ThreadBuffer;

struct Xml {
  using Options = XmlOptions;
  static constexpr std::string_view kName = "xml";
  static constexpr std::string_view kTitle = "XML";

  static Status write(const Tables& tables, const pb::Message& message,
                      const XmlWriteOptions& options, OutputBytes& out) {
    const codec::TableOf table(tables, *message.GetDescriptor());
    ThreadBuffer<BufferUse::Wire> wire;
    if (Status serialized = codec::serialize(message, *wire); !serialized.ok()) return serialized;
    codec::xml::Writer writer(options, out);
    if (writer.write(*table, wire->view())) [[likely]]
      return {};
    return writer.status();
  }

  static Status read(const Tables& tables, std::string_view text, const XmlReadOptions& options,
                     pb::Message& into) {
    const codec::TableOf table(tables, *into.GetDescriptor());
    ThreadBuffer<BufferUse::Wire> wire;
    into.Clear();
    codec::xml::Document document;
    if (Status parsed = document.parse(text, options.max_tags); !parsed.ok()) return parsed;
    codec::xml::Reader reader(document, options, *wire);
    if (!reader.read(*table)) return invalid_argument(reader.fault());
    return codec::parse(wire->view(), options.max_depth, into);
  }
};

}  // namespace

Result<std::string> to_xml(const pb::Message& message, const XmlWriteOptions& options) {
  ThreadBuffer<BufferUse::Format> out;
  Status written = Xml::write(Tables::generated(), message, options, *out);
  if (!written.ok()) return written;
  return std::string(out->view());
}

Status from_xml(std::string_view xml, pb::Message& into, const XmlReadOptions& options) {
  return Xml::read(Tables::generated(), xml, options, into);
}

std::shared_ptr<const Codec> xml_codec(XmlOptions options) {
  return std::make_shared<const codec::ObjectCodec<Xml>>(std::move(options));
}

}  // namespace weft
