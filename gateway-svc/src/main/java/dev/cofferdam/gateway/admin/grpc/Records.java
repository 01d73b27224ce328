package dev.cofferdam.gateway.admin.grpc;

import static dev.cofferdam.gateway.admin.grpc.Answers.refused;

import dev.cofferdam.gateway.admin.Configuration;
import dev.cofferdam.proto.admin.v1.Adapter;
import dev.cofferdam.vocabulary.ErrorCode;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/**
 * One kind of records, and what is done alike with all kinds.
 *
 * @param kind its name
 * @param inForce records in force by key
 * @param revision a record's number of changes
 * @param referrer the first record that refers to the one of a key, in words; it must not be
 *     removed
 * @param remover removes a key's record
 */
record Records<T>(
    String kind,
    Supplier<Map<String, T>> inForce,
    ToLongFunction<T> revision,
    Function<String, Optional<String>> referrer,
    BiConsumer<Configuration.Changes, String> remover) {

  /** Adapters by tenant, "/" and name; nothing refers to one. */
  static Records<Adapter> ofAdapters(Configuration configuration) {
    return new Records<>(
        "adapter",
        configuration::adapters,
        Adapter::getRevision,
        key -> Optional.empty(),
        Configuration.Changes::removeAdapter);
  }

  /** The revision that a request expects; empty where it does not say. */
  static OptionalLong expected(boolean said, long revision) {
    return said ? OptionalLong.of(revision) : OptionalLong.empty();
  }

  /** All of them, by their keys. */
  Collection<T> inOrder() {
    return new TreeMap<>(inForce.get()).values();
  }

  /**
   * The record of a key.
   *
   * @throws dev.cofferdam.vocabulary.RefusedException NOT_FOUND where there is none
   */
  T known(String key) {
    return present(key).orElseThrow(() -> refused(ErrorCode.NOT_FOUND, "no such " + kind));
  }

  /**
   * The record of a key.
   *
   * @throws dev.cofferdam.vocabulary.RefusedException NOT_FOUND where there is none, CONFLICT where
   *     it is at another revision than is expected
   */
  T known(String key, OptionalLong expected) {
    T record = known(key);
    check(expected, revision.applyAsLong(record));
    return record;
  }

  /** The record of a key, if there is one. */
  Optional<T> present(String key) {
    return Optional.ofNullable(inForce.get().get(key));
  }

  /**
   * The revision of a key's record after a change; a record that is not there is at 0.
   *
   * @throws dev.cofferdam.vocabulary.RefusedException CONFLICT where it is at another revision than
   *     is expected
   */
  long next(String key, OptionalLong expected) {
    long present = present(key).map(revision::applyAsLong).orElse(0L);
    check(expected, present);
    return present + 1;
  }

  private static void check(OptionalLong expected, long present) {
    if (expected.isPresent() && expected.getAsLong() != present) {
      throw refused(
          ErrorCode.CONFLICT,
          "expected_revision: "
              + expected.getAsLong()
              + ", but the record is at "
              + present
              + "; read it again and repeat the change");
    }
  }

  /**
   * Removes the record of a key.
   *
   * @throws dev.cofferdam.vocabulary.RefusedException as {@link #known(String, OptionalLong)}, and
   *     FAILED_PRECONDITION where another record refers to it
   */
  void remove(
      AuditedChanges.Change change,
      Configuration.Changes write,
      String key,
      OptionalLong expected) {
    known(key, expected);
    referrer
        .apply(key)
        .ifPresent(
            other -> {
              throw refused(ErrorCode.FAILED_PRECONDITION, "still in use by " + other);
            });
    change.detail(kind + " " + key);
    remover.accept(write, key);
  }
}
