package dev.cofferdam.vocabulary;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Every way in which the mesh refuses or fails, with who is to blame, whether another try makes
 * sense, and the statuses that clients see. The one table from which gRPC and HTTP answers are
 * made.
 */
public enum ErrorCode {
  /** A value is missing, malformed or out of range. */
  INVALID_REQUEST(Category.CALLER, "INVALID_ARGUMENT", 400, false),
  /** A parameter that is known and not offered. */
  UNSUPPORTED_PARAMETER(Category.CALLER, "INVALID_ARGUMENT", 400, false),
  /** Input and output together do not fit the context. */
  CONTEXT_LENGTH_EXCEEDED(Category.CALLER, "INVALID_ARGUMENT", 400, false),
  /** The tenant's policy refuses the personal data in the input. */
  PERSONAL_DATA(Category.CALLER, "INVALID_ARGUMENT", 400, false),
  /** Input and output together need more KV memory than the tenant may have. */
  KV_QUOTA_EXCEEDED(Category.CALLER, "INVALID_ARGUMENT", 400, false),
  /** The body is too large to be read. */
  REQUEST_TOO_LARGE(Category.CALLER, "RESOURCE_EXHAUSTED", 413, false),
  /** This deployment does not have what the request needs. */
  NOT_OFFERED(Category.CALLER, "UNIMPLEMENTED", 501, false),
  /** No identity, or one that does not hold. */
  UNAUTHENTICATED(Category.CALLER, "UNAUTHENTICATED", 401, false),
  /** Several identities that disagree; recorded as an isolation violation. */
  IDENTITY_MISMATCH(Category.CALLER, "PERMISSION_DENIED", 403, false),
  /** The caller's role may not call this method. */
  CALL_NOT_ALLOWED(Category.CALLER, "PERMISSION_DENIED", 403, false),
  /** The tenant may not use this model or class. */
  NOT_ALLOWED(Category.CALLER, "PERMISSION_DENIED", 403, false),
  /** The tenant is suspended. */
  TENANT_SUSPENDED(Category.CALLER, "PERMISSION_DENIED", 403, false),
  /** No such model. */
  MODEL_NOT_FOUND(Category.CALLER, "NOT_FOUND", 404, false),
  /** No such adapter, or another tenant's: the same answer. */
  ADAPTER_NOT_FOUND(Category.CALLER, "NOT_FOUND", 404, false),
  /** No such path, record or object. */
  NOT_FOUND(Category.CALLER, "NOT_FOUND", 404, false),
  /** The record was changed since the caller read it. */
  CONFLICT(Category.CALLER, "ABORTED", 409, false),
  /** Other records refer to the record, or its state does not allow the change. */
  FAILED_PRECONDITION(Category.CALLER, "FAILED_PRECONDITION", 409, false),
  /** An adapter's files do not hold. */
  BAD_ADAPTER(Category.CALLER, "FAILED_PRECONDITION", 400, false),
  /** Requests per minute are used up. */
  RATE_LIMIT_REQUESTS(Category.TENANT_LIMIT, "RESOURCE_EXHAUSTED", 429, true),
  /** Tokens per minute are used up. */
  RATE_LIMIT_TOKENS(Category.TENANT_LIMIT, "RESOURCE_EXHAUSTED", 429, true),
  /** Too many requests in flight. */
  CONCURRENCY_LIMIT(Category.TENANT_LIMIT, "RESOURCE_EXHAUSTED", 429, true),
  /** Too many client connections. */
  CONNECTION_LIMIT(Category.TENANT_LIMIT, "RESOURCE_EXHAUSTED", 429, true),
  /** So many of the tenant's requests were refused or broke in a row that it has to pause. */
  CIRCUIT_OPEN(Category.TENANT_LIMIT, "RESOURCE_EXHAUSTED", 429, true),
  /** A day's or month's budget is spent. */
  BUDGET_EXHAUSTED(Category.TENANT_LIMIT, "RESOURCE_EXHAUSTED", 429, false),
  /** What the tenant keeps would be more than it may. */
  STORAGE_QUOTA_EXCEEDED(Category.TENANT_LIMIT, "RESOURCE_EXHAUSTED", 429, false),
  /** The limiter's store is out, and the tier does not go on without it. */
  LIMITER_UNAVAILABLE(Category.OVERLOAD, "UNAVAILABLE", 503, true),
  /** No worker can take the request. */
  NO_CAPACITY(Category.OVERLOAD, "UNAVAILABLE", 503, true),
  /** The pool's queue is full. */
  QUEUE_FULL(Category.OVERLOAD, "UNAVAILABLE", 503, true),
  /** The request waited longer than its queue allows. */
  QUEUE_TIMEOUT(Category.OVERLOAD, "UNAVAILABLE", 503, true),
  /** The caller's deadline passed. */
  DEADLINE_EXCEEDED(Category.OVERLOAD, "DEADLINE_EXCEEDED", 504, true),
  /** The worker was lost and no other could continue. */
  WORKER_LOST(Category.INTERNAL, "UNAVAILABLE", 503, true),
  /** Two workers failed or died of the request; it is not tried again. */
  POISON_REQUEST(Category.INTERNAL, "INTERNAL", 500, false),
  /** A grant that is forged, expired, replayed, or for somebody else. */
  BAD_GRANT(Category.INTERNAL, "PERMISSION_DENIED", 403, false),
  /** A service that the request needs is out. */
  DEPENDENCY_UNAVAILABLE(Category.INTERNAL, "UNAVAILABLE", 503, true),
  /** Audit records cannot be kept, and the tier demands them. */
  AUDIT_UNAVAILABLE(Category.INTERNAL, "UNAVAILABLE", 503, true),
  /** The caller went away. */
  CANCELLED(Category.CALLER, "CANCELLED", 499, false),
  /** A bug. */
  INTERNAL(Category.INTERNAL, "INTERNAL", 500, false);

  /** Who is to blame. */
  public enum Category {
    /** The caller. */
    CALLER,
    /** The tenant's own limits. */
    TENANT_LIMIT,
    /** Too much work for the fleet. */
    OVERLOAD,
    /** The mesh. */
    INTERNAL
  }

  private static final Map<String, ErrorCode> BY_WIRE_NAME = new HashMap<>();

  static {
    for (ErrorCode code : values()) {
      BY_WIRE_NAME.put(code.wireName(), code);
    }
  }

  private final Category category;
  private final String grpcStatus;
  private final int httpStatus;
  private final boolean retryable;

  ErrorCode(Category category, String grpcStatus, int httpStatus, boolean retryable) {
    this.category = category;
    this.grpcStatus = grpcStatus;
    this.httpStatus = httpStatus;
    this.retryable = retryable;
  }

  /** Who is to blame. */
  public Category category() {
    return category;
  }

  /** Name of the gRPC status code. */
  public String grpcStatus() {
    return grpcStatus;
  }

  /** HTTP status. */
  public int httpStatus() {
    return httpStatus;
  }

  /** Whether the same request may succeed later. */
  public boolean retryable() {
    return retryable;
  }

  /** Stable name in answers, events and metrics: lower snake case. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The code of a stable name. */
  public static Optional<ErrorCode> ofWireName(String name) {
    return Optional.ofNullable(BY_WIRE_NAME.get(name));
  }
}
