"""Model files that lie, each given to `sensorium models import` and, where that says it can be used, run.

hostile_onnx.py SENSORIUM [FOLDER]: prints a line a file: exit status, peak memory, seconds, first line of the answer. Needs PyPI onnx.
"""
import os
import sys
import tempfile
import time

import numpy as np
import onnx
from onnx import helper as h, TensorProto as T, numpy_helper as nh
program = os.path.abspath(sys.argv[1])
folder = sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp()
os.makedirs(folder, exist_ok=True)
os.chdir(folder)


def model(nodes, ins, outs, inits=(), opset=17, ir=9, **kw):
    g=h.make_graph(nodes,'g',ins,outs,list(inits))
    return h.make_model(g,opset_imports=[h.make_opsetid('',opset)],ir_version=ir,**kw)
def vi(n,s,t=T.FLOAT): return h.make_tensor_value_info(n,t,s)
X=vi('x',[1,3,16,16]); 
W=nh.from_array(np.ones((4,3,3,3),np.float32),'w')
conv=h.make_node('Conv',['x','w'],['y'],pads=[1,1,1,1],name='c1')
Y=vi('y',[1,4,16,16])
good=model([conv],[X],[Y],[W])
out={}
b=good.SerializeToString()
out['00_good']=b
out['01_empty']=b''
out['02_text']=b'hello this is no model\n'*20
out['03_half']=b[:len(b)//2]
out['04_minus1']=b[:-1]
out['05_random']=np.random.default_rng(1).bytes(5000)
def w_dims(dims,data=b'\0'*16):
    t=T(); t.name='w'; t.data_type=1; t.dims.extend(dims); t.raw_data=data
    return model([conv],[X],[Y],[t]).SerializeToString()
out['06_huge_dims']=w_dims([2**40,2**20,3,3])
out['07_overflow_dims']=w_dims([2**62,4,3,3])
out['08_negative_dims']=w_dims([-4,3,3,3])
out['09_lying_raw']=w_dims([4,3,3,3])
out['10_zero_dims']=w_dims([0,3,3,3],b'')
out['11_huge_input']=model([conv],[vi('x',[1,3,2**31,2**31])],[vi('y',['a','b','c','d'])],[W]).SerializeToString()
a=h.make_node('Add',['x','q'],['p'],name='a1'); r=h.make_node('Relu',['p'],['q'],name='a2')
out['12_cycle']=model([a,r],[X],[vi('q',[1,3,16,16])]).SerializeToString()
out['13_missing_input']=model([h.make_node('Relu',['nothere'],['y'],name='r')],[X],[Y]).SerializeToString()
out['14_duplicate_output']=model([h.make_node('Relu',['x'],['y'],name='r1'),h.make_node('Tanh',['x'],['y'],name='r2')],[X],[Y]).SerializeToString()
def ext(loc,off='0',ln='432'):
    t=T(); t.name='w'; t.data_type=1; t.dims.extend([4,3,3,3]); t.data_location=1
    for k,v in (('location',loc),('offset',off),('length',ln)):
        e=t.external_data.add(); e.key=k; e.value=v
    return model([conv],[X],[Y],[t]).SerializeToString()
out['15_ext_parent']=ext('../../../../etc/passwd')
out['16_ext_abs']=ext('/etc/passwd')
out['17_ext_missing']=ext('weights.bin')
os.symlink('/etc/passwd','link.bin') if not os.path.islink('link.bin') else 0
out['18_ext_symlink']=ext('link.bin')
open('short.bin','wb').write(b'\0'*100)
out['19_ext_short']=ext('short.bin')
out['20_ext_offset']=ext('short.bin','99999999999999999999')
out['21_ext_negative']=ext('short.bin','-5','10')
out['22_unknown_op']=model([h.make_node('EvilOp',['x'],['y'],name='e',domain='com.evil')],[X],[Y]).SerializeToString()
out['23_opset_99']=model([conv],[X],[Y],[W],opset=99).SerializeToString()
out['24_ir_99']=model([conv],[X],[Y],[W],ir=99).SerializeToString()
body=h.make_graph([h.make_node('Relu',['x'],['z'])],'b',[],[vi('z',[1,3,16,16])])
out['25_subgraph_if']=model([h.make_node('If',['k'],['y'],name='if',then_branch=body,else_branch=body)],[X,vi('k',[1],T.BOOL)],[Y]).SerializeToString()
out['26_bad_pads']=model([h.make_node('Conv',['x','w'],['y'],pads=[2**40]*4,name='c')],[X],[vi('y',['a','b','c','d'])],[W]).SerializeToString()
out['27_zero_stride']=model([h.make_node('Conv',['x','w'],['y'],strides=[0,0],name='c')],[X],[vi('y',['a','b','c','d'])],[W]).SerializeToString()
out['28_group']=model([h.make_node('Conv',['x','w'],['y'],group=7,name='c')],[X],[vi('y',['a','b','c','d'])],[W]).SerializeToString()
out['29_channel_mismatch']=model([conv],[vi('x',[1,5,16,16])],[Y],[W]).SerializeToString()
s=nh.from_array(np.array([1,1,2**20,2**20],np.float32),'s')
out['30_resize_bomb']=model([h.make_node('Resize',['x','','s'],['y'],name='rs',mode='nearest')],[X],[vi('y',['a','b','c','d'])],[s]).SerializeToString()
rp=nh.from_array(np.array([2**20,2**20,1,1],np.int64),'r')
out['31_expand_bomb']=model([h.make_node('Expand',['x','r'],['y'],name='ex')],[X],[vi('y',['a','b','c','d'])],[rp]).SerializeToString()
out['32_reshape_bad']=model([h.make_node('Reshape',['x','r'],['y'],name='rs')],[X],[vi('y',['a','b'])],[nh.from_array(np.array([7,-1],np.int64),'r')]).SerializeToString()
out['33_deep_chain']=model([h.make_node('Relu',['x' if i==0 else f't{i-1}'],[f't{i}'],name=f'n{i}') for i in range(200000)],[X],[vi('t199999',[1,3,16,16])]).SerializeToString()
out['34_nan_weights']=model([conv],[X],[Y],[nh.from_array(np.full((4,3,3,3),np.nan,np.float32),'w')]).SerializeToString()
out['35_int_weights']=model([conv],[X],[Y],[nh.from_array(np.ones((4,3,3,3),np.int32),'w')]).SerializeToString()
out['36_no_outputs']=model([conv],[X],[],[W]).SerializeToString()
out['37_no_graph']=onnx.ModelProto(ir_version=9).SerializeToString()
out['38_string_tensor']=model([conv],[X],[Y],[h.make_tensor('w',T.STRING,[2],[b'a',b'b'])]).SerializeToString()
out['39_control_names']=model([h.make_node('Conv',['x','w'],['y'],name='\x1b[31mred\nline',pads=[1]*4,auto_pad='EVIL')],[X],[Y],[W]).SerializeToString()
# nested length-delimited bomb
d=b''
for _ in range(20000):
    n=len(d)+0
    v=b''
    m=n
    while True:
        c=m&127; m>>=7
        v+=bytes([c|(128 if m else 0)])
        if not m: break
    d=b'\x3a'+v+d
out['40_nested']=d
out['41_varint']=b'\x3a'+b'\xff'*10
out['42_length_lie']=b'\x3a\xff\xff\xff\xff\x7f'+b[5:]
out['43_dup_init']=model([conv],[X],[Y],[W,W]).SerializeToString()
m=onnx.ModelProto(); m.CopyFrom(good); p=m.metadata_props.add(); p.key='sensorium'; p.value='{"task": [[[[[[' ; out['44_bad_card']=m.SerializeToString()
m=onnx.ModelProto(); m.CopyFrom(good)
for k in ('sensorium','sensorium_card','card','task'):
    p=m.metadata_props.add(); p.key=k; p.value='['*100000
out['45_deep_card']=m.SerializeToString()
pad=nh.from_array(np.array([0,0,2**30,2**30,0,0,2**30,2**30],np.int64),'p')
out['46_pad_bomb']=model([h.make_node('Pad',['x','p'],['y'],name='pd')],[X],[vi('y',['a','b','c','d'])],[pad]).SerializeToString()
ks=[2**31-1]*2
out['47_pool_bomb']=model([h.make_node('MaxPool',['x'],['y'],name='mp',kernel_shape=ks,pads=[2**30]*4)],[X],[vi('y',['a','b','c','d'])]).SerializeToString()
tl=nh.from_array(np.array([2**31,2**31,1,1],np.int64),'r')
out['48_tile_bomb']=model([h.make_node('Tile',['x','r'],['y'],name='t')],[X],[vi('y',['a','b','c','d'])],[tl]).SerializeToString()
out['49_const_of_shape']=model([h.make_node('ConstantOfShape',['r'],['k'],name='cs'),h.make_node('ReduceSum',['k'],['z'],name='s',keepdims=0),h.make_node('Add',['x','z'],['y'],name='ad')],[X],[vi('y',[1,3,16,16])],[nh.from_array(np.array([2**40,2**10],np.int64),'r')]).SerializeToString()


def answer(words):
    begun = time.time()
    pid = os.posix_spawn(program, [program, *words], os.environ,
                         file_actions=[(os.POSIX_SPAWN_OPEN, 1, "out", os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600),
                                       (os.POSIX_SPAWN_OPEN, 2, "err", os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)])
    _, status, used = os.wait4(pid, 0)
    text = open("err", errors="replace").read() or open("out", errors="replace").read()
    lines = [x for x in text.splitlines() if not x.startswith("{")]
    return os.waitstatus_to_exitcode(status), used.ru_maxrss // 1024, time.time() - begun, lines[0] if lines else ""


worst = 0
for name, data in out.items():
    with open(name + ".onnx", "wb") as f:
        f.write(data)
    for words in (["--quiet", "models", "import", name + ".onnx"], ["--quiet", "models", "compare", name + ".onnx", name + ".onnx", "--size", "16"]):
        status, megabytes, seconds, line = answer(words)
        print(f"{name:22} {words[2]:8} {status:3} {megabytes:5} MB {seconds:5.1f} s  {line[:150]}")
        if status < 0 or status == 1:
            worst = 1
        if status != 0:
            break
sys.exit(worst)
