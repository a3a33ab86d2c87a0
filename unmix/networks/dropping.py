"""A network without some of its units."""

import torch

from unmix.networks.decoders import ArchetypalDecoder, NonnegativeDecoder, SignedDecoder
from unmix.networks.network import Network


@torch.no_grad()
def without(network: Network, dropped: torch.Tensor) -> Network:
    """The same network without some units; the others answer as they did.

    Softmax codes of the others grow by what the dropped ones held, which is next to nothing where
    these are dead.

    Parameters
    ----------
    network : Network
        Changed in place, with a decoder that was learned.
    dropped : Tensor of shape (n_codes,), bool

    Returns
    -------
    Network
        The same object.
    """
    kept = ~dropped
    head, decoder = network.encoder.head, network.decoder
    rows = kept if len(head.bias) == len(kept) else torch.cat([kept, kept])
    head.weight.data, head.bias.data = head.weight.data[rows], head.bias.data[rows]
    if isinstance(decoder, ArchetypalDecoder):
        decoder.logits.data = decoder.logits.data[kept]
    elif isinstance(decoder, NonnegativeDecoder | SignedDecoder):
        decoder.weights.data = decoder.weights.data[kept]
    if network.prior is not None:
        prior = network.prior
        prior.mean.data = prior.mean.data[kept]
        prior.log_deviation.data = prior.log_deviation.data[kept]
    network.sizes = network.sizes._replace(n_codes=int(kept.sum()))
    return network
