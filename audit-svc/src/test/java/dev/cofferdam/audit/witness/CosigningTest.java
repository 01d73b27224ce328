package dev.cofferdam.audit.witness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.audit.Facts;
import dev.cofferdam.audit.TestLog;
import dev.cofferdam.audit.log.postgres.PostgresCosignatures;
import dev.cofferdam.audit.proof.Checkpoint;
import dev.cofferdam.audit.proof.CosignerKey;
import dev.cofferdam.audit.witness.http.HttpWitness;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The log has its checkpoints cosigned by a witness over HTTP. */
class CosigningTest {
  private final TestLog log = new TestLog();
  private final PostgresCosignatures kept = new PostgresCosignatures(log.database);
  private final TestWitness witness = new TestWitness("witness.example/w1", log.signer.verifier());

  @AfterEach
  void stop() {
    witness.close();
  }

  private Cosigning cosigning() {
    return new Cosigning(witness.key(), new HttpWitness(witness.url()), log.reader, kept);
  }

  private Cosigning.Outcome step() {
    Checkpoint signed = log.sign();
    return cosigning().step(signed, log.checkpoints.latest().orElseThrow());
  }

  @Test
  void aCheckpointIsPublishedWithItsCosignature() {
    log.append(Facts.some(0, 10));
    assertThat(step()).isInstanceOf(Cosigning.Outcome.Cosigned.class);
    String published = kept.published().orElseThrow();
    assertThat(witness.key().cosigned(published)).hasValue(1_772_000_001);
    assertThat(log.signer.verifier().open(published)).isPresent();
    assertThat(step()).isEqualTo(new Cosigning.Outcome.Unchanged());
  }

  @Test
  void aGrowingLogIsCosignedAgainAndAgain() {
    for (int i = 0; i < 8; i++) {
      log.append(Facts.some(i * 100L, 37));
      assertThat(step())
          .isEqualTo(new Cosigning.Outcome.Cosigned(37L * (i + 1), 1_772_000_001 + i));
    }
    assertThat(witness.size()).isEqualTo(8 * 37);
  }

  @Test
  void aWitnessThatKnowsMoreThanTheLogRemembersIsAskedFromThere() {
    log.append(Facts.some(0, 10));
    Checkpoint first = log.sign();
    witness.add(new AddCheckpoint(0, List.of(), log.checkpoints.latest().orElseThrow()));
    assertThat(witness.size()).isEqualTo(first.size());
    log.append(Facts.some(10, 5));
    assertThat(step()).isEqualTo(new Cosigning.Outcome.Cosigned(15, 1_772_000_002));
  }

  @Test
  void aWitnessOfALargerTreeSaysThatTheLogWasSetBack() {
    TestLog other = new TestLog();
    other.append(Facts.some(0, 30));
    Checkpoint larger = new Checkpoint(TestLog.ORIGIN, 30, other.sign().root());
    witness.add(new AddCheckpoint(0, List.of(), log.signer.sign(larger.text())));
    log.append(Facts.some(0, 10));
    assertThat(step()).isEqualTo(new Cosigning.Outcome.Ahead(10, 30));
    assertThat(kept.latest(witness.key().name())).isZero();
  }

  @Test
  void aForkIsNotCosigned() {
    TestLog other = new TestLog();
    other.append(Facts.some(500, 7));
    Checkpoint fork = new Checkpoint(TestLog.ORIGIN, 7, other.sign().root());
    witness.add(new AddCheckpoint(0, List.of(), log.signer.sign(fork.text())));
    log.append(Facts.some(0, 10));
    assertThat(step()).isEqualTo(new Cosigning.Outcome.Refused(422));
  }

  @Test
  void aCosignatureOfAnotherKeyDoesNotCount() {
    log.append(Facts.some(0, 10));
    try (TestWitness stranger = new TestWitness("witness.example/w1", log.signer.verifier())) {
      Cosigning mistaken =
          new Cosigning(witness.key(), new HttpWitness(stranger.url()), log.reader, kept);
      Checkpoint signed = log.sign();
      assertThat(mistaken.step(signed, log.checkpoints.latest().orElseThrow()))
          .isEqualTo(new Cosigning.Outcome.Refused(0));
    }
    assertThat(kept.latest(witness.key().name())).isZero();
  }

  @Test
  void aWitnessThatIsAwayIsSaidToBe() {
    log.append(Facts.some(0, 10));
    Checkpoint signed = log.sign();
    String note = log.checkpoints.latest().orElseThrow();
    Cosigning cosigning = cosigning();
    witness.close();
    assertThatThrownBy(() -> cosigning.step(signed, note))
        .isInstanceOf(Witness.WitnessAwayException.class);
    assertThat(kept.published()).contains(note);
  }

  @Test
  void everyChangedBitOfACosignatureBreaksIt() {
    log.append(Facts.some(0, 10));
    step();
    String text = log.sign().text();
    String line = kept.published().orElseThrow().lines().reduce((a, b) -> b).orElseThrow();
    assertThat(witness.key().time(text, line)).isPresent();
    byte[] bytes = Base64.getDecoder().decode(line.substring(line.lastIndexOf(' ') + 1));
    for (int bit = 0; bit < bytes.length * 8; bit++) {
      byte[] changed = bytes.clone();
      changed[bit / 8] ^= (byte) (1 << (bit % 8));
      String other =
          line.substring(0, line.lastIndexOf(' ') + 1)
              + Base64.getEncoder().encodeToString(changed);
      assertThat(witness.key().time(text, other)).as("bit %d", bit).isEmpty();
    }
  }

  @Test
  void aCosignersKeyIsReadAsItIsWritten() {
    assertThat(CosignerKey.parse(witness.key().text())).isEqualTo(witness.key());
    assertThatThrownBy(() -> CosignerKey.parse(log.signer.verifier().text()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** The example of C2SP tlog-cosignature: its key is unknown, its form is not. */
  @Test
  void theMessageThatIsSignedIsThatOfTheSpecification() {
    String text =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    assertThat(
            new String(
                CosignerKey.message(1_679_315_147, text), java.nio.charset.StandardCharsets.UTF_8))
        .isEqualTo("cosignature/v1\ntime 1679315147\n" + text);
    byte[] line =
        Base64.getDecoder()
            .decode(
                "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==");
    assertThat(line).hasSize(4 + 8 + 64);
    assertThat(HexFormat.of().formatHex(line, 4, 12)).isEqualTo("%016x".formatted(1_679_315_147));
  }
}
