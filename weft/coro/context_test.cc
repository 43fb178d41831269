#include "weft/coro/context.h"

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace weft {
namespace {

using namespace std::chrono_literals;

struct Recorder final : CancelHook {
  Recorder() : CancelHook(&Recorder::note) {}
  static void note(CancelHook& hook, const Status& reason) noexcept {
    auto& self = static_cast<Recorder&>(hook);
    self.reasons.push_back(reason);
    if (self.then != nullptr) self.then(self);
  }
  std::vector<Status> reasons;
  void (*then)(Recorder&) = nullptr;
  void* argument = nullptr;
};

TEST(Context, CancelsItsHooksOnceWithTheFirstReason) {
  Context context;
  Recorder hook;
  ASSERT_TRUE(context.add_hook(hook));
  context.cancel(cancelled("first"));
  context.cancel(deadline_exceeded("second"));
  ASSERT_EQ(hook.reasons.size(), 1U);
  EXPECT_EQ(hook.reasons[0], cancelled("first"));
  EXPECT_EQ(context.cancel_reason(), cancelled("first"));
}

/// Derives from its context, as a server's call does.
struct Owner final : Context {
  Owner() : Context(&Owner::told) {}
  static void told(weft::CancelHook& hook, const Status& reason) noexcept {
    static_cast<Owner&>(Context::of(hook)).reasons.push_back(reason);
  }
  std::vector<Status> reasons;
};

TEST(Context, TellsAnOwnerWhoDerivesFromItBeforeItsHooks) {
  Owner owner;
  Recorder hook;
  hook.argument = &owner;
  hook.then = [](Recorder& self) {
    EXPECT_EQ(static_cast<Owner*>(self.argument)->reasons.size(), 1U);
  };
  ASSERT_TRUE(owner.add_hook(hook));
  Context child(&owner);
  owner.cancel(cancelled("first"));
  owner.cancel(cancelled("second"));
  ASSERT_EQ(owner.reasons.size(), 1U);
  EXPECT_EQ(owner.reasons[0], cancelled("first"));
  EXPECT_EQ(hook.reasons.size(), 1U);
  EXPECT_TRUE(child.is_cancelled());
}

TEST(Context, RefusesAHookWhenItIsCancelledAlready) {
  Context context;
  context.cancel(cancelled("x"));
  Recorder hook;
  EXPECT_FALSE(context.add_hook(hook));
  EXPECT_FALSE(hook.linked());
}

TEST(Context, ForgetsADestroyedHook) {
  Context context;
  {
    Recorder hook;
    ASSERT_TRUE(context.add_hook(hook));
  }
  context.cancel(cancelled("x"));
}

TEST(Context, CancelsItsDescendantsButNotItsParent) {
  Context root;
  Context child(&root);
  Context grandchild(&child);
  Context sibling(&root);
  child.cancel(cancelled("x"));
  EXPECT_FALSE(root.is_cancelled());
  EXPECT_FALSE(sibling.is_cancelled());
  EXPECT_TRUE(grandchild.is_cancelled());
  EXPECT_EQ(grandchild.cancel_reason(), cancelled("x"));
}

TEST(Context, AChildOfACancelledContextStartsCancelled) {
  Context root;
  root.cancel(deadline_exceeded("late"));
  const Context child(&root);
  EXPECT_EQ(child.cancel_reason(), deadline_exceeded("late"));
}

TEST(Context, AHookMayDestroyItselfAndOthersWhileItCancels) {
  Context context;
  auto* first = new Recorder;
  auto* second = new Recorder;
  Recorder third;
  first->argument = second;
  first->then = [](Recorder& self) {
    delete static_cast<Recorder*>(self.argument);
    delete &self;
  };
  ASSERT_TRUE(context.add_hook(*first));
  ASSERT_TRUE(context.add_hook(*second));
  ASSERT_TRUE(context.add_hook(third));
  context.cancel(cancelled("x"));
  EXPECT_EQ(third.reasons.size(), 1U);
}

TEST(Context, AHookMayDestroyItsContextOrAChild) {
  auto* context = new Context;
  auto* child = new Context(context);
  Recorder hook, last;
  struct Both {
    Context* context;
    Context* child;
  } both{context, child};
  hook.argument = &both;
  hook.then = [](Recorder& self) {
    auto* victims = static_cast<Both*>(self.argument);
    delete victims->child;
    delete victims->context;
  };
  ASSERT_TRUE(context->add_hook(hook));
  ASSERT_TRUE(context->add_hook(last));
  context->cancel(cancelled("x"));
  EXPECT_EQ(last.reasons.size(), 1U);
}

TEST(Context, AHookThatIsAddedWhileItCancelsIsRefused) {
  Context context;
  static bool accepted;
  accepted = true;
  Recorder hook;
  hook.argument = &context;
  hook.then = [](Recorder& self) {
    Recorder late;
    accepted = static_cast<Context*>(self.argument)->add_hook(late);
  };
  ASSERT_TRUE(context.add_hook(hook));
  context.cancel(cancelled("x"));
  EXPECT_FALSE(accepted);
}

TEST(Context, InheritsTheDeadlineAndOnlyMovesItEarlier) {
  Context root;
  EXPECT_EQ(root.deadline(), kNever);
  root.limit_deadline(TimePoint(10s));
  Context child(&root);
  child.limit_deadline(TimePoint(20s));
  EXPECT_EQ(child.deadline(), TimePoint(10s));
  child.limit_deadline(TimePoint(5s));
  EXPECT_EQ(child.deadline(), TimePoint(5s));
  EXPECT_EQ(root.deadline(), TimePoint(10s));
}

TEST(Context, InheritsTheTrace) {
  Context root;
  root.trace().trace_id[0] = 7;
  const Context child(&root);
  EXPECT_EQ(child.trace().trace_id[0], 7);
}

TEST(Context, LooksBaggageUpThroughItsParents) {
  Context root;
  root.set_baggage("tenant", "a");
  root.set_baggage("region", "eu");
  Context child(&root);
  child.set_baggage("tenant", "b");
  child.set_baggage("tenant", "c");
  ASSERT_NE(child.baggage("tenant"), nullptr);
  EXPECT_EQ(*child.baggage("tenant"), "c");
  EXPECT_EQ(*root.baggage("tenant"), "a");
  EXPECT_EQ(child.baggage("absent"), nullptr);
  std::map<std::string, std::string> seen;
  child.for_each_baggage([&](const std::string& key, const std::string& value) {
    EXPECT_TRUE(seen.emplace(key, value).second);
  });
  EXPECT_EQ(seen, (std::map<std::string, std::string>{{"tenant", "c"}, {"region", "eu"}}));
}

TEST(Context, ReceivesTraceAndBaggageButNoCancellation) {
  Context carried;
  carried.trace().trace_id[0] = 7;
  carried.set_baggage("tenant", "a");
  Context call;
  EXPECT_FALSE(call.has_luggage());
  call.receive(carried);
  call.set_baggage("region", "eu");
  const Context child(&call);
  EXPECT_TRUE(child.has_luggage());
  EXPECT_EQ(child.trace().trace_id[0], 7);
  ASSERT_NE(child.baggage("tenant"), nullptr);
  EXPECT_EQ(*child.baggage("tenant"), "a");
  EXPECT_EQ(carried.baggage("region"), nullptr);
  carried.cancel(cancelled("x"));
  EXPECT_FALSE(call.is_cancelled());
}

TEST(Context, HasLuggageWhereAParentGotItLater) {
  Context root;
  const Context child(&root);
  EXPECT_FALSE(child.has_luggage());
  root.set_baggage("tenant", "a", "ttl=3");
  EXPECT_TRUE(child.has_luggage());
  std::string properties;
  child.for_each_baggage([&](const BaggageEntry& entry) { properties = entry.properties; });
  EXPECT_EQ(properties, "ttl=3");
}

}  // namespace
}  // namespace weft
