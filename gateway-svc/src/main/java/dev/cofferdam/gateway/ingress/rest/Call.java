package dev.cofferdam.gateway.ingress.rest;

import dev.cofferdam.gateway.identity.Identity;
import dev.cofferdam.vocabulary.RequestId;
import java.util.Map;

/**
 * What a client calls that is answered from a store.
 *
 * @param id the request
 * @param identity who asks
 * @param sourceIp address of the peer
 * @param path the path's parameters
 * @param query the query's parameters, the first of each name
 * @param contentType of the body, "" where it has none
 * @param body its bytes, none where the endpoint takes none
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Call(
    RequestId id,
    Identity identity,
    String sourceIp,
    Map<String, String> path,
    Map<String, String> query,
    String contentType,
    byte[] body) {
  public Call {
    path = Map.copyOf(path);
    query = Map.copyOf(query);
  }
}
