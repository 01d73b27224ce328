package dev.cofferdam.mesh;

import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.vocabulary.SpiffeId.Role;
import io.grpc.ClientInterceptor;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * For whom a gateway reads. A gateway that shows a tenant or an operator a page names the reader
 * with each call, and the service that is asked decides as if the reader itself had asked. Only a
 * gateway is believed, and only a tenant or an operator of the mesh can be named.
 */
public final class OnBehalf {
  private static final Metadata.Key<String> READER =
      Metadata.Key.of("x-cofferdam-reader", Metadata.ASCII_STRING_MARSHALLER);
  private static final Context.Key<SpiffeId> CONTEXT = Context.key("cofferdam-reader");

  private OnBehalf() {}

  /** Names a reader with each call of a stub. */
  public static ClientInterceptor of(SpiffeId reader) {
    Metadata headers = new Metadata();
    headers.put(READER, reader.uri());
    return MetadataUtils.newAttachHeadersInterceptor(headers);
  }

  /** The reader that the gateway named whose call is being served; empty for other callers. */
  public static Optional<SpiffeId> reader() {
    return Optional.ofNullable(CONTEXT.get());
  }

  static Context put(Context context, Caller caller, Metadata headers) {
    if (caller.role() != Role.GATEWAY) {
      return context;
    }
    @Nullable String named = headers.get(READER);
    return Optional.ofNullable(named)
        .flatMap(SpiffeId::parse)
        .filter(id -> id.role() == Role.TENANT || id.role() == Role.OPERATOR)
        .filter(id -> caller.id().filter(c -> c.trustDomain().equals(id.trustDomain())).isPresent())
        .map(id -> context.withValue(CONTEXT, id))
        .orElse(context);
  }
}
