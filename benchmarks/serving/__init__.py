"""What `llm_serving.py` measures of ours, each as a process of its own."""
