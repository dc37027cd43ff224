"""What all speaking engines share, whatever model they run: chunks of text, joinable samples, times of words.

`chunks` decides what is spoken in one go, `shaping` makes a model's samples joinable, `timing` says when each word is
heard, `outputs` asks an ONNX graph for the durations it computes. Knows nothing of any one model.
"""
