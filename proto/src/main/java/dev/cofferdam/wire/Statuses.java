package dev.cofferdam.wire;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.Durations;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.Help;
import com.google.rpc.QuotaFailure;
import com.google.rpc.RetryInfo;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.Optional;

/**
 * Refusals as gRPC statuses with google.rpc details, and back. The one place where errors become
 * statuses.
 */
public final class Statuses {
  /** Metadata key of a refusal: where people can see and change what refuses them. */
  public static final String HELP_URL = "help_url";

  /** ErrorInfo's domain. */
  public static final String DOMAIN = "cofferdam.dev";

  private Statuses() {}

  /** A refusal as an exception that gRPC sends with its details. */
  public static StatusRuntimeException toStatus(Refusal refusal) {
    Status.Code code = Status.Code.valueOf(refusal.code().grpcStatus());
    com.google.rpc.Status.Builder status =
        com.google.rpc.Status.newBuilder()
            .setCode(code.value())
            .setMessage(refusal.message())
            .addDetails(
                Any.pack(
                    ErrorInfo.newBuilder()
                        .setReason(refusal.code().name())
                        .setDomain(DOMAIN)
                        .putAllMetadata(refusal.metadata())
                        .build()));
    refusal
        .retryAfter()
        .ifPresent(
            wait ->
                status.addDetails(
                    Any.pack(
                        RetryInfo.newBuilder()
                            .setRetryDelay(Durations.fromMillis(wait.toMillis()))
                            .build())));
    if (refusal.code().category() == ErrorCode.Category.TENANT_LIMIT) {
      status.addDetails(
          Any.pack(
              QuotaFailure.newBuilder()
                  .addViolations(
                      QuotaFailure.Violation.newBuilder()
                          .setSubject(refusal.code().wireName())
                          .setDescription(refusal.message()))
                  .build()));
    }
    String help = refusal.metadata().get(HELP_URL);
    if (help != null) {
      status.addDetails(
          Any.pack(Help.newBuilder().addLinks(Help.Link.newBuilder().setUrl(help)).build()));
    }
    refusal
        .parameter()
        .ifPresent(
            field ->
                status.addDetails(
                    Any.pack(
                        BadRequest.newBuilder()
                            .addFieldViolations(
                                BadRequest.FieldViolation.newBuilder()
                                    .setField(field)
                                    .setDescription(refusal.message()))
                            .build())));
    return StatusProto.toStatusRuntimeException(status.build());
  }

  /**
   * Any failure as a status: a refusal with its details, everything else without a word of its
   * message.
   */
  public static StatusRuntimeException toStatus(Throwable failure) {
    return switch (failure) {
      case RefusedException refused -> toStatus(refused.refusal());
      case StatusRuntimeException status when status.getStatus().getCode() != Status.Code.UNKNOWN ->
          status;
      case StatusException status when status.getStatus().getCode() != Status.Code.UNKNOWN ->
          new StatusRuntimeException(status.getStatus(), status.getTrailers());
      default -> toStatus(Refusal.of(ErrorCode.INTERNAL, "internal error"));
    };
  }

  /** The refusal that a peer sent; a bare status becomes the code that fits it best. */
  public static Refusal toRefusal(Throwable failure) {
    if (failure instanceof RefusedException refused) {
      return refused.refusal();
    }
    com.google.rpc.@org.jspecify.annotations.Nullable Status proto =
        StatusProto.fromThrowable(failure);
    Status status = Status.fromThrowable(failure);
    if (proto == null) {
      return Refusal.of(fallback(status.getCode()), "peer answered " + status.getCode());
    }
    ErrorCode code = fallback(status.getCode());
    Optional<String> parameter = Optional.empty();
    Optional<Duration> retryAfter = Optional.empty();
    java.util.Map<String, String> metadata = java.util.Map.of();
    try {
      for (Any detail : proto.getDetailsList()) {
        if (detail.isSameTypeAs(ErrorInfo.getDefaultInstance())) {
          ErrorInfo info = detail.unpackSameTypeAs(ErrorInfo.getDefaultInstance());
          code =
              ErrorCode.ofWireName(info.getReason().toLowerCase(java.util.Locale.ROOT))
                  .orElse(code);
          metadata = info.getMetadataMap();
        } else if (detail.isSameTypeAs(RetryInfo.getDefaultInstance())) {
          retryAfter =
              Optional.of(
                  Duration.ofMillis(
                      Durations.toMillis(
                          detail
                              .unpackSameTypeAs(RetryInfo.getDefaultInstance())
                              .getRetryDelay())));
        } else if (detail.isSameTypeAs(BadRequest.getDefaultInstance())) {
          BadRequest bad = detail.unpackSameTypeAs(BadRequest.getDefaultInstance());
          if (bad.getFieldViolationsCount() > 0) {
            parameter = Optional.of(bad.getFieldViolations(0).getField());
          }
        }
      }
    } catch (InvalidProtocolBufferException e) {
      return Refusal.of(fallback(status.getCode()), "peer answered " + status.getCode());
    }
    return new Refusal(code, proto.getMessage(), parameter, retryAfter, metadata);
  }

  private static ErrorCode fallback(Status.Code code) {
    return switch (code) {
      case INVALID_ARGUMENT, OUT_OF_RANGE -> ErrorCode.INVALID_REQUEST;
      case UNAUTHENTICATED -> ErrorCode.UNAUTHENTICATED;
      case PERMISSION_DENIED -> ErrorCode.CALL_NOT_ALLOWED;
      case NOT_FOUND -> ErrorCode.NOT_FOUND;
      case CANCELLED -> ErrorCode.CANCELLED;
      case DEADLINE_EXCEEDED -> ErrorCode.DEADLINE_EXCEEDED;
      case UNAVAILABLE -> ErrorCode.DEPENDENCY_UNAVAILABLE;
      case RESOURCE_EXHAUSTED -> ErrorCode.NO_CAPACITY;
      default -> ErrorCode.INTERNAL;
    };
  }
}
